import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shellQuote } from '../shell/text.ts';

/** How another program starts this one. */
export interface Invocation {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * `interlock` where the search path has it; else this Node and this file by their full paths, because editors started from a
 * desktop have a search path of their own.
 */
export function invocation(env: NodeJS.ProcessEnv): Invocation {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const candidate = join(folder, 'interlock');
    if (folder !== '' && isExecutable(candidate)) return { command: 'interlock', args: [] };
  }
  const main = fileURLToPath(new URL(`../main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));
  return { command: process.execPath, args: [main] };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

export interface ClientSetup {
  readonly agent: string;
  /** Server id, or null for the endpoint with every server. */
  readonly server: string | null;
  readonly gateway: string;
  /** Absolute. */
  readonly configFile: string;
  /** Only when it is not where the configuration says. */
  readonly keyFile: string | null;
  readonly how: Invocation;
}

export interface Snippet {
  readonly client: string;
  /** Where it belongs. */
  readonly file: string | null;
  /** What is pasted: JSON for a file, or a shell command. */
  readonly text: string;
  readonly note: string;
}

/** Ready-to-paste configuration of the common clients. Pure. */
export function clientSnippets(setup: ClientSetup): readonly Snippet[] {
  const { configFile, keyFile, server, gateway } = setup;
  const program = [setup.how.command, ...setup.how.args];
  const options = ['--config', configFile, ...(keyFile === null ? [] : ['--key', keyFile])];
  const token = ['agents', 'token', setup.agent, ...(server === null ? [] : ['--server', server]), ...options];
  const parts: Parts = {
    name: server ?? 'interlock',
    server: server === null ? [] : [server],
    program,
    options,
    url: `${gateway}/mcp${server === null ? '' : `/${server}`}`,
    token: shell([...program, ...token]),
  };
  return [...stdioSnippets(setup, parts), ...httpSnippets(setup, parts)];
}

interface Parts {
  /** What the client calls it. */
  readonly name: string;
  readonly server: readonly string[];
  readonly program: readonly string[];
  readonly options: readonly string[];
  readonly url: string;
  /** A shell command that prints a token. */
  readonly token: string;
}

/** With the shim: works with every client, and renews tokens by itself. */
function stdioSnippets(setup: ClientSetup, { name, server, program, options }: Parts): readonly Snippet[] {
  const [command = '', ...before] = program;
  const stdio = { command, args: [...before, 'stdio', ...server, '--agent', setup.agent, ...options] };
  const add = shell(['claude', 'mcp', 'add', '--transport', 'stdio', name, '--', command, ...stdio.args]);
  const variables = [
    `INTERLOCK_AGENT=${setup.agent}`,
    `INTERLOCK_CONFIG=${setup.configFile}`,
    ...(setup.keyFile === null ? [] : [`INTERLOCK_KEY=${setup.keyFile}`]),
  ];
  // By environment: the versions of the Inspector disagree about who gets an option after the command.
  const inspector = [
    'npx',
    '@modelcontextprotocol/inspector',
    ...variables.flatMap((each) => ['-e', each]),
    ...program,
    'stdio',
    ...server,
  ];
  return [
    { client: 'Claude Code', file: '.mcp.json', text: json({ mcpServers: { [name]: stdio } }), note: `or: ${add}` },
    {
      client: 'Cursor',
      file: '.cursor/mcp.json',
      text: json({ mcpServers: { [name]: stdio } }),
      note: 'restart Cursor afterwards',
    },
    {
      client: 'VS Code',
      file: '.vscode/mcp.json',
      text: json({ servers: { [name]: { type: 'stdio', ...stdio } } }),
      note: '',
    },
    { client: 'MCP Inspector', file: null, text: shell(inspector), note: '' },
  ];
}

/** Without it, where the client speaks HTTP and can get a token. */
function httpSnippets(setup: ClientSetup, { name, url, token }: Parts): readonly Snippet[] {
  const claude = { type: 'http', url, headersHelper: `${token} --headers` };
  const input = {
    type: 'promptString',
    id: 'interlock-token',
    description: `Interlock token for ${setup.agent}`,
    password: true,
  };
  const vscode = { type: 'http', url, headers: { Authorization: 'Bearer ${input:interlock-token}' } };
  const accept = `-H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream'`;
  return [
    {
      client: 'Claude Code, without the shim',
      file: '.mcp.json',
      text: json({ mcpServers: { [name]: claude } }),
      note: 'the helper runs at every connection only; the shim renews tokens by itself',
    },
    {
      client: 'VS Code, without the shim',
      file: '.vscode/mcp.json',
      text: json({ inputs: [input], servers: { [name]: vscode } }),
      note: `asks for a token: ${token}`,
    },
    {
      client: 'any HTTP client',
      file: null,
      text: `curl -sS ${shellQuote(url)} -H "Authorization: Bearer $(${token})" ${accept} -d @request.json`,
      note: 'the token is short-lived: fetch one per run',
    },
  ];
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

function shell(words: readonly string[]): string {
  return words.map(shellQuote).join(' ');
}
