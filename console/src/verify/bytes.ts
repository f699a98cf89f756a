/** The few things done with bytes here, as a browser and Node both can. */
export type Bytes = Uint8Array<ArrayBuffer>;

const URL_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const encoder = new TextEncoder();
// A byte order mark is a character of the text like any other.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const three = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    text += URL_LETTERS[three >> 18]! + URL_LETTERS[(three >> 12) & 63]!;
    text += URL_LETTERS[(three >> 6) & 63]! + URL_LETTERS[three & 63]!;
  }
  if (i + 1 === bytes.length) {
    const one = bytes[i]! << 16;
    text += URL_LETTERS[one >> 18]! + URL_LETTERS[(one >> 12) & 63]!;
  } else if (i + 2 === bytes.length) {
    const two = (bytes[i]! << 16) | (bytes[i + 1]! << 8);
    text += URL_LETTERS[two >> 18]! + URL_LETTERS[(two >> 12) & 63]! + URL_LETTERS[(two >> 6) & 63]!;
  }
  return text;
}

/** Standard base64, only in its one canonical spelling: a flipped padding bit is a change too. */
export function fromBase64(text: string): Bytes | null {
  let raw: string;
  try {
    raw = atob(text);
  } catch {
    return null;
  }
  return btoa(raw) === text ? Uint8Array.from(raw, (char) => char.charCodeAt(0)) : null;
}

export function fromBase64url(text: string): Bytes | null {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  return fromBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '='));
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function joined(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
