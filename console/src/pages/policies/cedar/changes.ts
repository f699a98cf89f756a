import type { PolicyFile } from '../../../../../src/model/insight/policies.ts';

export interface ChangedFile {
  readonly path: string;
  readonly how: 'added' | 'removed' | 'changed';
  readonly before: string;
  readonly after: string;
}

/** Files that differ between two sets, by name. Pure. */
export function changedFiles(before: readonly PolicyFile[], after: readonly PolicyFile[]): readonly ChangedFile[] {
  const [was, is] = [before, after].map((files) => new Map(files.map(({ path, text }) => [path, text]))) as [
    Map<string, string>,
    Map<string, string>,
  ];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((path) => was.get(path) !== is.get(path))
    .sort()
    .map((path) => ({
      path,
      how: !was.has(path) ? 'added' : !is.has(path) ? 'removed' : 'changed',
      before: was.get(path) ?? '',
      after: is.get(path) ?? '',
    }));
}

/** `2 files changed, 1 removed`; `null`: nothing. */
export function changesInWords(changed: readonly ChangedFile[]): string | null {
  if (changed.length === 0) return null;
  const counts = (['changed', 'added', 'removed'] as const).flatMap((how) => {
    const count = changed.filter((file) => file.how === how).length;
    return count === 0 ? [] : [[count, how] as const];
  });
  return counts
    .map(([count, how], i) => (i === 0 ? `${count === 1 ? '1 file' : `${count} files`} ${how}` : `${count} ${how}`))
    .join(', ');
}

/** Whether two sets say the same. */
export function sameFiles(a: readonly PolicyFile[], b: readonly PolicyFile[]): boolean {
  return changedFiles(a, b).length === 0;
}
