/** An entity a policy names, `Agent::"procurement"`, and where; offsets are UTF-16 units into the text. */
export interface EntityLiteral {
  readonly type: string;
  readonly id: string;
  readonly start: number;
  readonly end: number;
}

/** `"text"` anywhere in a policy. */
export interface StringLiteral {
  readonly value: string;
  readonly start: number;
}

const TOKEN = /\/\/[^\n]*|"(?:[^"\\]|\\[\s\S])*"|[A-Za-z_][A-Za-z0-9_]*|::|\s+|[\s\S]/g;

interface Token {
  readonly text: string;
  readonly start: number;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (const match of text.matchAll(TOKEN)) {
    if (!/^\s/.test(match[0]) && !match[0].startsWith('//')) found.push({ text: match[0], start: match.index });
  }
  return found;
}

/** Every entity literal, with blanks and comments between its parts allowed as Cedar allows them. */
export function entityLiterals(text: string): EntityLiteral[] {
  const all = tokens(text);
  const found: EntityLiteral[] = [];
  for (const [i, token] of all.entries()) {
    if (!token.text.startsWith('"') || all[i - 1]?.text !== '::') continue;
    const names: string[] = [];
    let at = i;
    while (all[at - 1]?.text === '::' && /^[A-Za-z_]/.test(all[at - 2]?.text ?? '')) {
      names.unshift((all[at - 2] as Token).text);
      at -= 2;
    }
    const start = (all[at] as Token).start;
    found.push({ type: names.join('::'), id: unescape(token.text), start, end: token.start + token.text.length });
  }
  return found;
}

export function stringLiterals(text: string): StringLiteral[] {
  return tokens(text)
    .filter((token) => token.text.startsWith('"'))
    .map((token) => ({ value: unescape(token.text), start: token.start }));
}

/** Offset of the annotation `@name`, or 0. */
export function annotationOffset(text: string, name: string): number {
  const all = tokens(text);
  const at = all.findIndex((token, i) => token.text === '@' && all[i + 1]?.text === name);
  return at === -1 ? 0 : (all[at] as Token).start;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0' };

/** The value of a Cedar string literal that the parser has accepted. */
function unescape(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/\\(?:u\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|([\s\S]))/g, (_all, unicode, hex, plain) => {
      if (plain !== undefined) return ESCAPES[plain] ?? plain;
      const code = Number.parseInt(unicode ?? hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    });
}
