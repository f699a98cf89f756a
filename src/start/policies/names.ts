import type { Source } from '../../policy/publish.ts';

/** What the gateway writes itself. A folder may hold more; then it is not changed from here. */
export const MAX_FILES = 200;
export const MAX_POLICY_BYTES = 4_194_304;
const MAX_PATH_CHARS = 200;
const PATH = /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*\.cedar$/;

/** Why a file of that name is not written; `null`: it may be. Lower case alone: some file systems cannot tell two cases apart. */
export function whyBadPath(path: string): string | null {
  if (path.length > MAX_PATH_CHARS) return `the name is longer than ${MAX_PATH_CHARS} characters`;
  if (PATH.test(path)) return null;
  return 'the name must be lower-case letters, digits, ".", "_" and "-", with "/" between folders, and end in .cedar';
}

export interface BadFile {
  readonly path: string;
  readonly why: string;
}

/** What is wrong with a set of files before anybody reads them; empty: nothing. */
export function badFiles(files: readonly Source[]): readonly BadFile[] {
  const bad: BadFile[] = [];
  if (files.length > MAX_FILES) bad.push({ path: '', why: `there are more than ${MAX_FILES} files` });
  const bytes = files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  if (bytes > MAX_POLICY_BYTES)
    bad.push({ path: '', why: `the files are larger than ${MAX_POLICY_BYTES} bytes together` });
  const paths = new Set(files.map(({ path }) => path));
  const seen = new Set<string>();
  for (const { path, text } of files) {
    const why = whyBadPath(path);
    if (why !== null) bad.push({ path, why });
    if (seen.has(path)) bad.push({ path, why: 'there are two files of this name' });
    seen.add(path);
    const folder = foldersOf(path).find((each) => paths.has(each));
    if (folder !== undefined) bad.push({ path, why: `${folder} is a file, and cannot be a folder too` });
    if (!text.isWellFormed() || text.includes('\0')) bad.push({ path, why: 'the text is not UTF-8 without NUL' });
  }
  return bad;
}

/** `a/b/c.cedar`: `a`, `a/b`. */
export function foldersOf(path: string): readonly string[] {
  const steps = path.split('/').slice(0, -1);
  return steps.map((_, i) => steps.slice(0, i + 1).join('/'));
}
