import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { checkSemantics } from './check.ts';
import type { Config } from './config.ts';
import { findPrivateKeys } from './keys.ts';
import { resolveConfig, type TlsTexts } from './resolve.ts';
import { type ConfigFile, ConfigSchema, DEFAULTS } from './schema.ts';
import { parseYaml, type SourceDocument } from './source/document.ts';
import { explain } from './source/explain.ts';
import type { Finding, Path, Problem } from './source/problem.ts';
import { strayReferences } from './source/secrets.ts';

export type { Problem } from './source/problem.ts';
export { formatProblem } from './source/problem.ts';

export type Loaded =
  | {
      readonly ok: true;
      readonly config: Config;
      /** Every file that was read, absolute: the configuration itself, TLS files, secret files. */
      readonly files: readonly string[];
      /** Not wrong, but the operator must know: development switches, plaintext, nothing configured. */
      readonly warnings: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export type Environment = Readonly<Record<string, string | undefined>>;

const MAX_CONFIG_BYTES = 4_194_304;
/** `sun_path` has 108 bytes on Linux and 104 on macOS, with the final zero. */
const MAX_SOCKET_PATH_BYTES = 103;

/**
 * Reads and checks one configuration file completely; nothing of a wrong file is used. Never throws for what a file can
 * contain. Problems come in the order of the file.
 */
export async function loadConfig(path: string, env: Environment): Promise<Loaded> {
  const file = resolve(path);
  let text: string;
  try {
    const bytes = await readFile(file);
    if (bytes.length > MAX_CONFIG_BYTES)
      return failed(file, `longer than ${MAX_CONFIG_BYTES} bytes`, 'is it the right file?');
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const help = code === 'ENOENT' ? 'make one with: interlock init' : 'make it a readable UTF-8 file';
    return failed(file, code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code ?? 'not UTF-8'})`, help);
  }
  return loadConfigText(file, text, env);
}

/** The same for a text that is not (yet) in the file, such as an edit about to be written. */
export function loadConfigText(file: string, text: string, env: Environment): Loaded {
  const parsed = parseYaml(file, text);
  if (!parsed.ok) return parsed;
  const { document } = parsed;

  const leaked = findPrivateKeys(document.value);
  const shape = explain(ConfigSchema, document.value);
  const isLeak = (path: Path): boolean => leaked.some((finding) => finding.path.join('\0') === path.join('\0'));
  const wrongShape = [...leaked, ...shape.filter((finding) => !isLeak(finding.path))];
  // Only what has the right shape is known to be a tree: aliases can make rings.
  const findings = wrongShape.length > 0 ? wrongShape : strayReferences(document.value);
  if (findings.length > 0) return { ok: false, problems: inOrder(document, findings) };

  const raw = document.value as ConfigFile;
  const { errors, warnings } = checkSemantics(raw);
  const tls = readTls(raw, file);
  const { config, findings: missing, files } = resolveConfig(raw, file, { env, tls: tls.texts });
  const wrong = [...errors, ...tls.findings, ...missing, ...checkOutside(config)];
  if (wrong.length > 0) return { ok: false, problems: inOrder(document, wrong) };
  return { ok: true, config, files: [file, ...tls.files, ...files], warnings: inOrder(document, warnings) };
}

function failed(file: string, message: string, help: string): Loaded {
  return { ok: false, problems: [{ file, line: 1, column: 1, message, help }] };
}

function inOrder(document: SourceDocument, findings: readonly Finding[]): Problem[] {
  return findings.map(document.locate).sort((a, b) => a.line - b.line || a.column - b.column);
}

function readTls(raw: ConfigFile, file: string): { texts: TlsTexts; findings: Finding[]; files: string[] } {
  const tls = raw.listen?.tls;
  if (tls === undefined) return { texts: null, findings: [], files: [] };
  const findings: Finding[] = [];
  const files: string[] = [];
  const read = (name: 'cert' | 'key'): string => {
    const path = isAbsolute(tls[name]) ? tls[name] : resolve(dirname(file), tls[name]);
    files.push(path);
    const help = 'give the path of a PEM file that this user can read';
    const at = { path: ['listen', 'tls', name], at: 'value' as const, help };
    try {
      const text = readFileSync(path, 'utf8');
      if (name === 'cert') new X509Certificate(text);
      else createPrivateKey(text);
      return text;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      const why =
        code?.startsWith('E') && !code.startsWith('ERR')
          ? code
          : `not a PEM ${name === 'cert' ? 'certificate' : 'private key'}`;
      findings.push({ ...at, message: `cannot use ${path} (${why})` });
      return '';
    }
  };
  const texts = { cert: read('cert'), key: read('key') };
  if (findings.length === 0 && !new X509Certificate(texts.cert).checkPrivateKey(createPrivateKey(texts.key))) {
    const help = 'give the key the certificate was made for';
    findings.push({
      path: ['listen', 'tls', 'key'],
      at: 'value',
      message: 'the key does not belong to the certificate',
      help,
    });
  }
  return { texts, findings, files };
}

/** What only the machine and the resolved values can tell. */
function checkOutside(config: Config): Finding[] {
  const findings: Finding[] = [];
  const missing = (path: Path, directory: string, help: string): void => {
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return;
    findings.push({ path, at: 'value', message: `there is no folder ${directory}`, help });
  };
  missing(['policies'], config.policiesDir, `create it, or set policies (default ${DEFAULTS.policies})`);
  for (const server of config.servers) {
    if (server.kind === 'stdio') missing(['servers', server.id, 'cwd'], server.cwd, 'create it, or correct cwd');
    if (server.kind !== 'http') continue;
    for (const [name, value] of Object.entries(server.headers)) {
      if (/^[\t\x20-\x7e]*$/.test(value)) continue;
      const help = 'only printable ASCII can be sent; look for a line break in the variable or file';
      findings.push({
        path: ['servers', server.id, 'headers', name],
        at: 'value',
        message: `the value of ${name} cannot be a header`,
        help,
      });
    }
  }
  if (config.store.kind === 'postgres' && config.store.url !== '' && !/^postgres(ql)?:\/\//.test(config.store.url)) {
    findings.push({
      path: ['store', 'url'],
      at: 'value',
      message: 'this is no PostgreSQL URL',
      help: 'write postgres://user@host/database',
    });
  }
  if (Buffer.byteLength(config.admin.socket) > MAX_SOCKET_PATH_BYTES) {
    const message = `the socket path ${config.admin.socket} is longer than ${MAX_SOCKET_PATH_BYTES} bytes`;
    findings.push({
      path: ['admin', 'socket'],
      at: 'value',
      message,
      help: 'set admin.socket to a shorter path, e.g. under /run',
    });
  }
  return findings;
}
