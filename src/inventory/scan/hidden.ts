import { codeOf, HIDDEN, isSpelling } from '../../model/visible.ts';

const NAMES: ReadonlyMap<number, string> = new Map([
  [0x1b, 'escape'],
  [0xad, 'soft hyphen'],
  [0x200b, 'zero width space'],
  [0x200c, 'zero width non-joiner'],
  [0x200d, 'zero width joiner'],
  [0x200e, 'left-to-right mark'],
  [0x200f, 'right-to-left mark'],
  [0x202a, 'left-to-right embedding'],
  [0x202b, 'right-to-left embedding'],
  [0x202c, 'pop directional formatting'],
  [0x202d, 'left-to-right override'],
  [0x202e, 'right-to-left override'],
  [0x2028, 'line separator'],
  [0x2029, 'paragraph separator'],
  [0x2060, 'word joiner'],
  [0x2066, 'left-to-right isolate'],
  [0x2067, 'right-to-left isolate'],
  [0x2068, 'first strong isolate'],
  [0x2069, 'pop directional isolate'],
  [0x2800, 'braille blank'],
  [0x3164, 'hangul filler'],
  [0xfeff, 'zero width no-break space'],
]);

/** The three flags spelled with tag characters that are in general use: England, Scotland, Wales. */
const TAG_FLAGS =
  /\u{1f3f4}\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}/gu;
/** Text pushed out of sight of whoever reviews it in a window. */
const PUSHED_AWAY = /[^\S\n]{60}|(?:\n[^\S\n]*){12}/;

/** What is hidden in a text, in words; `null` when nothing is. Emoji and joining scripts keep the invisible parts their spelling needs. */
export function hiddenIn(text: string): string | null {
  if (PUSHED_AWAY.test(text.trimEnd())) return 'a long run of white space pushes text out of view';
  if (!HIDDEN.test(text)) return null;
  const found = new Map<number, number>();
  const points = [...text.replace(TAG_FLAGS, '')];
  points.forEach((point, i) => {
    if (!HIDDEN.test(point) || isSpelling(points, i)) return;
    const code = point.codePointAt(0) as number;
    found.set(code, (found.get(code) ?? 0) + 1);
  });
  if (found.size === 0) return null;
  const listed = [...found]
    .slice(0, 5)
    .map(([code, count]) => `${nameOf(code)}${count === 1 ? '' : ` (${count} times)`}`);
  const rest = found.size > 5 ? ` and ${found.size - 5} others` : '';
  return `hidden characters: ${listed.join(', ')}${rest}${smuggled(points)}`;
}

function nameOf(code: number): string {
  const hex = codeOf(String.fromCodePoint(code));
  if (code >= 0xe0000 && code <= 0xe007f) return `${hex} tag`;
  if ((code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xe0100 && code <= 0xe01ef)) return `${hex} variation selector`;
  const name = NAMES.get(code);
  return name === undefined ? hex : `${hex} ${name}`;
}

/** Tag characters mirror ASCII: shows the operator what was smuggled. */
function smuggled(points: readonly string[]): string {
  let text = '';
  for (const point of points) {
    const code = (point.codePointAt(0) as number) - 0xe0000;
    if (code >= 0x20 && code < 0x7f) text += String.fromCharCode(code);
  }
  return text === '' ? '' : `; the tags spell "${text.slice(0, 120)}"`;
}
