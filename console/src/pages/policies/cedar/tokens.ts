/** What a piece of Cedar is, for colours, for the outline and for completion. */
export type TokenKind =
  | 'space'
  | 'comment'
  | 'annotation'
  | 'string'
  | 'number'
  | 'keyword'
  | 'effect'
  | 'variable'
  | 'type'
  | 'function'
  | 'name'
  | 'operator'
  | 'bracket'
  | 'wrong';

export interface Token {
  readonly kind: TokenKind;
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const EFFECTS = new Set(['permit', 'forbid']);
const KEYWORDS = new Set(['when', 'unless', 'in', 'has', 'like', 'is', 'if', 'then', 'else', 'true', 'false']);
const VARIABLES = new Set(['principal', 'action', 'resource', 'context']);

/** Each pattern is tried where the last token ended; the first that fits. A string that does not end is wrong to the end of its line. */
const PATTERNS: readonly (readonly [RegExp, TokenKind | 'word'])[] = [
  [/\s+/y, 'space'],
  [/\/\/[^\n]*/y, 'comment'],
  [/@[A-Za-z_]\w*/y, 'annotation'],
  [/"(?:[^"\\\n]|\\.)*"/y, 'string'],
  [/"[^\n]*/y, 'wrong'],
  [/\d+/y, 'number'],
  [/[A-Za-z_]\w*/y, 'word'],
  [/==|!=|<=|>=|&&|\|\||::|[-<>!+*.?]/y, 'operator'],
  [/[(){}[\],;:]/y, 'bracket'],
  [/./suy, 'wrong'],
];

/** Total: every character is in exactly one token, whatever the text is. `said`: what stood before. */
export function* tokens(text: string, start = 0, said = ''): Generator<Token> {
  let at = start;
  let before = said;
  while (at < text.length) {
    const token = next(text, at, before);
    if (token.kind !== 'space' && token.kind !== 'comment') before = token.text;
    at = token.to;
    yield token;
  }
}

function next(text: string, at: number, before: string): Token {
  for (const [pattern, kind] of PATTERNS) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found === undefined) continue;
    const to = at + found.length;
    return { kind: kind === 'word' ? wordKind(found, text, to, before) : kind, from: at, to, text: found };
  }
  throw new Error('bug: the last pattern fits everything');
}

function wordKind(word: string, text: string, to: number, before: string): TokenKind {
  if (before === '.') return /^\s*\(/.test(text.slice(to, to + 20)) ? 'function' : 'name';
  if (EFFECTS.has(word)) return 'effect';
  if (KEYWORDS.has(word)) return 'keyword';
  if (VARIABLES.has(word)) return 'variable';
  if (text.startsWith('::', to) || (before === 'is' && /^[A-Z]/.test(word)) || before === '::') return 'type';
  return text[to] === '(' ? 'function' : 'name';
}
