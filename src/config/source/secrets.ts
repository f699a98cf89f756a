import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { isNotifySecret } from '../schema/approvals/notify.ts';
import { type Finding, formatPath, type Path } from './problem.ts';

const MAX_SECRET_FILE_BYTES = 65_536;
const REFERENCE = /\$\$\{|\$\{([^}]*)\}/g;

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory that relative `${file:…}` paths start from. */
  readonly baseDir: string;
}

export interface Expanded {
  readonly text: string;
  readonly findings: readonly Finding[];
  /** Files that were read, absolute. */
  readonly files: readonly string[];
}

/** The fields where a reference is replaced: what is secret there, and nothing else. */
export function isSecretField(path: Path): boolean {
  if (path[0] === 'store') return path.length === 2 && path[1] === 'url';
  if (path[0] === 'approvals') return path[1] === 'notify' && isNotifySecret(path);
  if (path[0] === 'scim') return path[1] === 'tokenSha256';
  if (path[0] === 'permissions') return path.length === 3 && path[1] === 'server' && path[2] === 'token';
  return path[0] === 'servers' && path.length === 4 && (path[2] === 'headers' || path[2] === 'env');
}

/**
 * Replaces `${NAME}` by the environment variable and `${file:/path}` by the file's text (one final line break removed).
 * `$${` stands for a literal `${`. Whatever is missing is a finding: a secret is never silently empty.
 */
export function expandSecrets(text: string, path: Path, sources: SecretSources): Expanded {
  const findings: Finding[] = [];
  const files: string[] = [];
  const fail = (message: string, help: string): string => {
    findings.push({ path, at: 'value', message: `${formatPath(path)}: ${message}`, help });
    return '';
  };
  const expanded = text.replace(REFERENCE, (whole, name: string | undefined) => {
    if (name === undefined) return '${';
    if (name.startsWith('file:')) {
      const file = resolveFile(name.slice('file:'.length), sources.baseDir);
      const read = readSecretFile(file);
      if (!read.ok) return fail(`cannot read ${file} (${read.why})`, 'create the file, or correct the path');
      files.push(file);
      return read.text;
    }
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      return fail(`"${whole}" is no reference`, 'write ${NAME}, ${file:/path}, or $${ for a literal ${');
    }
    const value = sources.env[name];
    if (value === undefined) return fail(`the environment variable ${name} is not set`, `set ${name} before the start`);
    if (value === '') return fail(`the environment variable ${name} is empty`, `give ${name} a value`);
    return value;
  });
  return { text: expanded, findings, files };
}

function resolveFile(path: string, baseDir: string): string {
  return isAbsolute(path) ? path : resolve(baseDir, path);
}

function readSecretFile(file: string): { ok: true; text: string } | { ok: false; why: string } {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > MAX_SECRET_FILE_BYTES) return { ok: false, why: `longer than ${MAX_SECRET_FILE_BYTES} bytes` };
    const text = bytes.toString('utf8').replace(/\r?\n$/, '');
    return text === '' ? { ok: false, why: 'the file is empty' } : { ok: true, text };
  } catch (error) {
    return { ok: false, why: (error as NodeJS.ErrnoException).code ?? 'unreadable' };
  }
}

/** References outside the secret fields would stay as they are: refuse them instead of being silently inert. */
export function strayReferences(value: unknown, path: Path = []): Finding[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => strayReferences(item, [...path, i]));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, member]) => strayReferences(member, [...path, key]));
  }
  if (typeof value !== 'string' || isSecretField(path) || !/\$\{[A-Za-z_]/.test(value)) return [];
  const help =
    'references work in servers.*.headers, servers.*.env, store.url and the secrets of approvals.notify only; write the value itself here';
  return [{ path, at: 'value', message: `${formatPath(path)}: \${…} is not replaced here`, help }];
}
