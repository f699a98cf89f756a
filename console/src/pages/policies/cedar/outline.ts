import { type Token, tokens } from './tokens.ts';

/** One policy of a file, as far as its text says. */
export interface OutlinedPolicy {
  /** `file.cedar#name`, as decisions and records name it. */
  readonly id: string;
  readonly effect: 'permit' | 'forbid' | 'ask';
  /** Of its first word, annotations included. From 1. */
  readonly line: number;
  readonly reason: string | null;
  readonly ask: string | null;
  /** What its head says, on one line. */
  readonly head: string;
}

/** The policies of a text in their order. Never throws: of what cannot be read, nothing is told. Pure. */
export function outline(path: string, text: string): readonly OutlinedPolicy[] {
  const found: OutlinedPolicy[] = [];
  let current: Token[] = [];
  for (const token of tokens(text)) {
    if (token.kind === 'space' || token.kind === 'comment') continue;
    current.push(token);
    if (token.text !== ';') continue;
    const policy = policyOf(current, { path, text, index: found.length });
    if (policy !== null) found.push(policy);
    current = [];
  }
  return found;
}

function policyOf(
  all: readonly Token[],
  { path, text, index }: { path: string; text: string; index: number },
): OutlinedPolicy | null {
  const at = all.findIndex(({ kind }) => kind === 'effect');
  const first = all[0];
  const effect = all[at];
  if (first === undefined || effect === undefined) return null;
  const said = annotationsOf(all.slice(0, at));
  const ask = said.get('ask') ?? null;
  return {
    id: `${path}#${said.get('id') ?? `policy${index}`}`,
    effect: effect.text === 'forbid' ? 'forbid' : ask === null ? 'permit' : 'ask',
    line: lineAt(text, first.from),
    reason: said.get('reason') ?? null,
    ask,
    head: headOf(all.slice(at + 1), text),
  };
}

/** `@name("text")`, four tokens each. */
function annotationsOf(all: readonly Token[]): ReadonlyMap<string, string> {
  const said = new Map<string, string>();
  all.forEach((token, i) => {
    const value = all[i + 2];
    if (token.kind === 'annotation' && all[i + 1]?.text === '(' && value?.kind === 'string')
      said.set(token.text.slice(1), unquoted(value.text));
  });
  return said;
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(["'\\])/g, '$1');
}

/** Between the brackets after the effect. */
function headOf(rest: readonly Token[], text: string): string {
  let depth = 0;
  for (const token of rest) {
    if (token.text === '(') depth++;
    else if (token.text === ')' && --depth === 0)
      return text
        .slice((rest[0] as Token).to, token.from)
        .replace(/\s+/g, ' ')
        .trim();
  }
  return '';
}

/** From 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
