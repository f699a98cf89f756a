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
  const name = setup.server === null ? 'interlock' : setup.server;
  const common = [
    '--agent',
    setup.agent,
    '--config',
    setup.configFile,
    ...(setup.keyFile === null ? [] : ['--key', setup.keyFile]),
  ];
  const target = setup.server === null ? [] : [setup.server];
  const stdio = { command: setup.how.command, args: [...setup.how.args, 'stdio', ...target, ...common] };
  const url = `${setup.gateway}/mcp${setup.server === null ? '' : `/${setup.server}`}`;
  const serverOption = setup.server === null ? [] : ['--server', setup.server];
  const token = shell([
    setup.how.command,
    ...setup.how.args,
    'agents',
    'token',
    setup.agent,
    ...serverOption,
    ...common.slice(2),
  ]);
  const env = [
    `INTERLOCK_AGENT=${setup.agent}`,
    `INTERLOCK_CONFIG=${setup.configFile}`,
    ...(setup.keyFile === null ? [] : [`INTERLOCK_KEY=${setup.keyFile}`]),
  ];
  const inspected = [setup.how.command, ...setup.how.args, 'stdio', ...(setup.server === null ? [] : [setup.server])];
  return [
    {
      client: 'Claude Code',
      file: '.mcp.json',
      text: json({ mcpServers: { [name]: stdio } }),
      note: `or: ${shell(['claude', 'mcp', 'add', '--transport', 'stdio', name, '--', stdio.command, ...stdio.args])}`,
    },
    {
      client: 'Claude Code, without the shim',
      file: '.mcp.json',
      text: json({ mcpServers: { [name]: { type: 'http', url, headersHelper: `${token} --headers` } } }),
      note: 'the helper runs at every connection; calls after the token has expired make Claude Code connect again',
    },
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
    {
      client: 'VS Code, without the shim',
      file: '.vscode/mcp.json',
      text: json({
        inputs: [
          {
            type: 'promptString',
            id: 'interlock-token',
            description: `Interlock token for ${setup.agent}`,
            password: true,
          },
        ],
        servers: { [name]: { type: 'http', url, headers: { Authorization: 'Bearer ${input:interlock-token}' } } },
      }),
      note: `asks for a token: ${token}`,
    },
    {
      client: 'MCP Inspector',
      file: null,
      // By environment: the versions of the Inspector disagree about who gets an option after the command.
      text: shell(['npx', '@modelcontextprotocol/inspector', ...env.flatMap((each) => ['-e', each]), ...inspected]),
      note: '',
    },
    {
      client: 'any HTTP client',
      file: null,
      text: `curl -sS ${shellQuote(url)} -H "Authorization: Bearer $(${token})" -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' -d @request.json`,
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
