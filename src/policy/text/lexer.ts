/** One policy in a file: its text from the first token to the semicolon, and where that starts. */
export interface Piece {
  readonly text: string;
  /** UTF-16 offset in the file. */
  readonly offset: number;
  /** Deepest bracket nesting. */
  readonly depth: number;
  /** Number of tokens. */
  readonly tokens: number;
  /** Integer literals beyond 2^53 - 1, as offsets into `text`. */
  readonly bigIntegers: readonly { readonly start: number; readonly end: number }[];
  /** Offset into `text` of the first template slot, or null. */
  readonly slot: number | null;
}

// A comment, a string, a word, a number, a bracket, or any other character. Strings end at a quote that no backslash precedes.
const TOKEN = /\/\/[^\n]*|"(?:[^"\\]|\\[\s\S])*"|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|\s+|[\s\S]/g;

/**
 * Splits Cedar text into policies. It judges nothing: what it cannot make sense of ends up inside a piece, and the
 * parser says what is wrong with it. Semicolons inside strings and comments do not end a policy.
 */
export function splitPolicies(text: string): Piece[] {
  const pieces: Piece[] = [];
  let open = newPiece();
  for (const match of text.matchAll(TOKEN)) {
    const token = match[0];
    if (/^\s/.test(token) || token.startsWith('//')) continue;
    note(open, token, match.index);
    if (token === ';') {
      pieces.push(close(open, text, match.index + 1));
      open = newPiece();
    }
  }
  if (open.start !== null) pieces.push(close(open, text, text.trimEnd().length));
  return pieces;
}

interface OpenPiece {
  start: number | null;
  depth: number;
  deepest: number;
  tokens: number;
  bigIntegers: { start: number; end: number }[];
  slot: number | null;
}

function newPiece(): OpenPiece {
  return { start: null, depth: 0, deepest: 0, tokens: 0, bigIntegers: [], slot: null };
}

function note(piece: OpenPiece, token: string, at: number): void {
  piece.start ??= at;
  piece.tokens++;
  const first = token.charCodeAt(0);
  if (token === '(' || token === '[' || token === '{') {
    piece.depth++;
    piece.deepest = Math.max(piece.deepest, piece.depth);
  } else if (token === ')' || token === ']' || token === '}') piece.depth--;
  else if (token === '?') piece.slot ??= at - piece.start;
  else if (first >= 48 && first <= 57 && !Number.isSafeInteger(Number(token))) {
    piece.bigIntegers.push({ start: at - piece.start, end: at - piece.start + token.length });
  }
}

function close(piece: OpenPiece, text: string, end: number): Piece {
  const offset = piece.start ?? 0;
  return {
    text: text.slice(offset, end),
    offset,
    depth: piece.deepest,
    tokens: piece.tokens,
    bigIntegers: piece.bigIntegers,
    slot: piece.slot,
  };
}

/** Puts strings that start with `marker` in place of integer literals too large for a JavaScript number. */
export function markBigIntegers(piece: Piece, marker: string): string {
  let out = '';
  let from = 0;
  for (const { start, end } of piece.bigIntegers) {
    out += `${piece.text.slice(from, start)}"${marker}${piece.text.slice(start, end)}"`;
    from = end;
  }
  return out + piece.text.slice(from);
}

/** A marker that occurs nowhere in the text. */
export function freshMarker(text: string): string {
  for (let i = 0; ; i++) {
    const marker = `long${i}:`;
    if (!text.includes(marker)) return marker;
  }
}
