/** Letters of other scripts that look like Latin ones in common fonts (a small part of Unicode TR39 confusables). */
export const CONFUSABLE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: 'аɑα',
    b: 'ЬвВΒ',
    c: 'сϲϹ',
    d: 'ԁ',
    e: 'еєҽΕ',
    g: 'ɡց',
    h: 'һնНΗ',
    i: 'іıιΙІ',
    j: 'јϳ',
    k: 'кκ',
    l: 'ӏ1|ǀ',
    m: 'мΜМ',
    n: 'пηΝ',
    o: 'оοօ0ОΟ',
    p: 'рρРΡ',
    q: 'ԛ',
    s: 'ѕʂЅ',
    t: 'тτТΤ',
    u: 'υսц',
    v: 'νѵ',
    w: 'ԝωш',
    x: 'хχХΧ',
    y: 'уүγУΥ',
    z: 'ᴢΖ',
  }).flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)),
);

/** Whether a letter is drawn like a Latin one, whatever its case. */
export function looksLatin(letter: string): boolean {
  return CONFUSABLE.has(letter) || CONFUSABLE.has(letter.toLowerCase());
}
