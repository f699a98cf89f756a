/** Something wrong with a file the operator wrote: where, what, and what to do about it. Lines and columns start at 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly help: string;
}

export type Path = readonly (string | number)[];

/** A problem by its place in the document; `at: 'key'` points at the key instead of its value. */
export interface Finding {
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly help: string;
}

/** `servers.crm.tools["orders.create"].effect`: how messages name a place. */
export function formatPath(path: Path): string {
  let out = '';
  for (const step of path) {
    if (typeof step === 'number') out += `[${step}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(step)) out += out === '' ? step : `.${step}`;
    else out += `[${JSON.stringify(step)}]`;
  }
  return out === '' ? 'the file' : out;
}

/** The known word nearest to `word`, or null when none is near enough to be what was meant. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Help for an unknown word: a guess when there is one, otherwise what is allowed. */
export function didYouMean(word: string, known: readonly string[]): string {
  const guess = nearest(word, known);
  if (guess !== null) return `did you mean "${guess}"?`;
  return known.length === 0 ? 'none exists yet' : `known: ${[...known].sort().join(', ')}`;
}

/** Optimal string alignment: insert, delete, replace, swap two neighbours, each cost 1. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/**
 * `file:line:column: message`, the line itself with a caret under the column, and the help. `source` is the text of the
 * file; without it the excerpt is left out.
 */
export function formatProblem(problem: Problem, source: string | null): string {
  const head = `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
  const help = problem.help === '' ? '' : `\n  help: ${problem.help}`;
  const line = source?.split('\n')[problem.line - 1]?.replace(/\r$/, '');
  if (line === undefined || line.trim() === '') return head + help;
  // Columns must not move, and what may be a secret must not reach a terminal or a log.
  const shown = line.replaceAll('\t', ' ').replace(/[A-Za-z0-9_+/=-]{24,}/g, (run) => '*'.repeat(run.length));
  const gutter = String(problem.line).padStart(5);
  const caret = `${' '.repeat(Math.min(problem.column - 1, shown.length))}^`;
  return `${head}\n${gutter} | ${shown}\n      | ${caret}${help}`;
}
