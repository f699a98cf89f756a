/** One run of what stayed, went or came. */
export interface Piece {
  readonly kind: 'same' | 'gone' | 'new';
  readonly text: string;
}

/** Beyond this the table would hurt: everything is then shown as gone and new. */
const MAX_CELLS = 1_000_000;

/** The words of a text, each with the spaces after it. */
export function wordsOf(text: string): readonly string[] {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

/** What turns `before` into `after`, by a longest common subsequence; neighbours of one kind are one piece. Pure. */
export function diffOf(before: readonly string[], after: readonly string[], join = ''): readonly Piece[] {
  const pieces: { kind: Piece['kind']; texts: string[] }[] = [];
  const say = (kind: Piece['kind'], text: string): void => {
    const last = pieces.at(-1);
    if (last?.kind === kind) last.texts.push(text);
    else pieces.push({ kind, texts: [text] });
  };
  for (const { kind, text } of joined(steps(before, after))) say(kind, text);
  return pieces.map(({ kind, texts }) => ({ kind, text: texts.join(join) }));
}

/** A comma that happens to be in both says nothing: what stayed between two changes is a word, or part of the change. */
function joined(steps: readonly Piece[]): readonly Piece[] {
  const out: Piece[] = [];
  let gone: Piece[] = [];
  let come: Piece[] = [];
  let between: Piece[] = [];
  const flush = (): void => {
    out.push(...gone, ...come, ...between);
    [gone, come, between] = [[], [], []];
  };
  for (const step of steps) {
    const changing = gone.length + come.length > 0;
    if (step.kind === 'same') {
      if (changing && !/[\p{L}\p{N}]/u.test(step.text)) between.push(step);
      else {
        flush();
        out.push(step);
      }
      continue;
    }
    for (const { text } of between) {
      gone.push({ kind: 'gone', text });
      come.push({ kind: 'new', text });
    }
    between = [];
    (step.kind === 'gone' ? gone : come).push(step);
  }
  flush();
  return out;
}

function steps(before: readonly string[], after: readonly string[]): readonly Piece[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++;
  const same = (text: string): Piece => ({ kind: 'same', text });
  return [
    ...before.slice(0, start).map(same),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

function middle(before: readonly string[], after: readonly string[]): readonly Piece[] {
  const gone = (text: string): Piece => ({ kind: 'gone', text });
  const come = (text: string): Piece => ({ kind: 'new', text });
  if (before.length * after.length > MAX_CELLS) return [...before.map(gone), ...after.map(come)];
  const width = after.length + 1;
  // [i][j]: how much of before[i…] and after[j…] is the same.
  const common = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      common[i * width + j] =
        before[i] === after[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
  const out: Piece[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      out.push({ kind: 'same', text: before[i]! });
      i++;
      j++;
    } else if (common[(i + 1) * width + j]! >= common[i * width + j + 1]!) out.push(gone(before[i++]!));
    else out.push(come(after[j++]!));
  }
  return [...out, ...before.slice(i).map(gone), ...after.slice(j).map(come)];
}

/** A value as lines, members in one order: the order a server happens to send is no change. */
export function linesOf(value: unknown): readonly string[] {
  return value === undefined ? [] : JSON.stringify(sorted(value), null, 2).split('\n');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}
