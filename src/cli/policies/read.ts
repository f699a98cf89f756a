import type { Page } from '../../model/insight/page.ts';
import type {
  PoliciesInForce,
  PolicyCheck,
  PolicyFile,
  PolicyProblem,
  PolicyVersion,
} from '../../model/insight/policies.ts';
import { type DiffLine, diffLines } from '../operate/diff.ts';
import { gateway, query } from '../registry/orders.ts';
import type { Context } from '../shell/context.ts';
import { requireConfig } from '../shell/context.ts';
import { CliError, EXIT, type ExitCode } from '../shell/exit.ts';
import type { Tone } from '../shell/terminal.ts';
import { isoTime } from '../shell/text.ts';
import { filesOf, folderFiles } from './sets.ts';
import { shadowLines } from './shown.ts';

export async function list(context: Context): Promise<void> {
  const { terminal } = context;
  const now = await (await gateway(context)).get<PoliciesInForce>('/v1/policies');
  terminal.value(now);
  const since = now.publishedAtMs === null ? '' : ` since ${isoTime(now.publishedAtMs)}, by ${now.by}`;
  terminal.line(`version ${now.version}${since}`, 'strong');
  if (now.readOnlyBecause !== null) terminal.line(`not changed from here: ${now.readOnlyBecause}`, 'warn');
  terminal.table(
    ['file', 'lines'],
    now.files.map(({ path, text }) => [path, text.split('\n').length]),
  );
  for (const warning of now.warnings) terminal.note(`warning: ${line(warning)}`, 'warn');
  if (now.shadow !== null) for (const told of shadowLines(now.shadow)) terminal.line(told);
}

export async function show(context: Context, set: string, path: string | undefined): Promise<void> {
  const files = await filesOf(await gateway(context), set);
  const shown = path === undefined ? files : files.filter((file) => file.path === path);
  if (shown.length === 0 && path !== undefined)
    throw new CliError(EXIT.failed, `there is no file ${path} in ${set}`, {
      help: `there are: ${files.map((file) => file.path).join(', ')}`,
    });
  context.terminal.value({ files: shown });
  for (const file of shown) {
    if (path === undefined) context.terminal.line(`// ${file.path}`, 'strong');
    context.terminal.line(file.text.replace(/\n$/, ''));
  }
}

export async function check(context: Context, set: string | undefined): Promise<ExitCode> {
  const { terminal } = context;
  const client = await gateway(context, { long: true });
  const files =
    set === undefined
      ? await folderFiles((await requireConfig(context, { quiet: true })).policiesDir)
      : await filesOf(client, set);
  const found = await client.post<PolicyCheck>('/v1/policies/check', { files });
  terminal.value(found);
  for (const warning of found.warnings) terminal.note(`warning: ${line(warning)}`, 'warn');
  for (const problem of found.problems) terminal.note(`${line(problem)}\n  help: ${problem.help}`, 'bad');
  if (found.ok)
    terminal.line(`ok: ${files.length === 1 ? '1 file' : `${files.length} files`}, version ${found.version}`, 'good');
  return found.ok ? EXIT.ok : EXIT.configuration;
}

export async function history(context: Context, limit: number): Promise<void> {
  const page = await (await gateway(context)).get<Page<PolicyVersion>>(`/v1/policies/versions${query({ limit })}`);
  context.terminal.value(page);
  context.terminal.table(
    ['version', 'since', 'by', 'author', 'reason'],
    page.items.map(({ version, publishedAtMs, by, author, reason, inForce }) => [
      inForce ? { text: version, tone: 'good' as const } : version,
      isoTime(publishedAtMs),
      by,
      author,
      reason,
    ]),
  );
}

interface FileDiff {
  readonly path: string;
  readonly lines: readonly DiffLine[];
}

const MARKS: Readonly<Record<DiffLine['kind'], readonly [string, Tone]>> = {
  same: ['  ', 'dim'],
  added: ['+ ', 'good'],
  removed: ['- ', 'bad'],
};

export async function diff(context: Context, before: string, after: string): Promise<ExitCode> {
  const client = await gateway(context);
  const changed = diffOf(await filesOf(client, before), await filesOf(client, after));
  context.terminal.value({ same: changed.length === 0, files: changed });
  for (const { path, lines } of changed) {
    context.terminal.line(path, 'strong');
    for (const { kind, text } of lines) context.terminal.line(`${MARKS[kind][0]}${text}`, MARKS[kind][1]);
  }
  if (changed.length > 0) return EXIT.failed;
  context.terminal.line('no difference', 'good');
  return EXIT.ok;
}

function diffOf(before: readonly PolicyFile[], after: readonly PolicyFile[]): readonly FileDiff[] {
  const texts = (files: readonly PolicyFile[]) => new Map(files.map(({ path, text }) => [path, text]));
  const [was, is] = [texts(before), texts(after)];
  const paths = [...new Set([...was.keys(), ...is.keys()])].sort();
  return paths
    .filter((path) => was.get(path) !== is.get(path))
    .map((path) => ({ path, lines: diffLines(linesOf(was.get(path)), linesOf(is.get(path))) }));
}

function linesOf(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function line({ file, line: at, column, message }: PolicyProblem): string {
  return `${file}:${at}:${column}: ${message}`;
}
