import { makeVisible } from '../../../inventory/scan/hidden.ts';

const LATIN = /\p{Script=Latin}/u;
/** Letters of scripts whose letters pass for Latin ones. */
const LOOK_ALIKE =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}\p{Script=Coptic}]/u;
/** Full-width forms, mathematical letters, small capitals and the like: Latin to the eye, something else to a comparison. */
const DRESSED_UP = /[\u{ff01}-\u{ff5e}\u{1d400}-\u{1d7ff}\u{2460}-\u{24ff}\u{1d00}-\u{1d25}\u{2100}-\u{214f}]/u;

/**
 * Text somebody else chose, for a person who decides by it: on one line, bounded, with invisible characters spelled out, and letters that
 * pretend to be others marked. `rn` for `m` nobody can mark; that is why the origin stands beside every name.
 */
export function shown(text: string, max = 120): string {
  const line = text.replace(/[\t\n\r\v\f\u2028\u2029]+/g, ' ').trim();
  const mixed = LATIN.test(line);
  const spelled = [...line].map((point) => {
    const pretends = DRESSED_UP.test(point) || (mixed && LOOK_ALIKE.test(point));
    return pretends ? `${point}⟨${codeOf(point)}⟩` : makeVisible(point);
  });
  const cut = spelled.length > max;
  return `${spelled.slice(0, max).join('')}${cut ? '…' : ''}`;
}

function codeOf(point: string): string {
  return `U+${(point.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`;
}
