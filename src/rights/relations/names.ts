import { randomInt } from 'node:crypto';

const NONE = -1;
const MAX_TEXT_BYTES = 2048;

/**
 * Numbers for texts such as `document:1`, from 0 on, never given back. The texts lie in one block of bytes and are found through an
 * open-addressed table: about 14 bytes beside the text itself, none of it for the garbage collector to walk.
 */
export class Names {
  #bytes = new Uint8Array(4096);
  /** Where each text ends; it begins where the one before ended. */
  #ends = new Uint32Array(128);
  /** Number + 1 of a text, or 0 for a free place. At most half full. */
  #places = new Int32Array(256);
  #size = 0;
  readonly #scratch = new Uint8Array(MAX_TEXT_BYTES);
  /** Who writes tuples must not be able to choose texts that fall on one place. */
  readonly #seed = randomInt(0x7fffffff);

  get size(): number {
    return this.#size;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes.byteLength + this.#ends.byteLength + this.#places.byteLength;
  }

  /** The number of a text, or -1. */
  find(text: string): number {
    const length = this.#encode(text);
    return length === NONE ? NONE : this.#places[this.#place(length)]! - 1;
  }

  /** The number of a text, a new one where it has none. Throws for a text of more than 2,048 bytes. */
  intern(text: string): number {
    const length = this.#encode(text);
    if (length === NONE) throw new RangeError(`a name of a tuple is longer than ${MAX_TEXT_BYTES} bytes`);
    const place = this.#place(length);
    const known = this.#places[place]! - 1;
    return known === NONE ? this.#add(place, length) : known;
  }

  text(number: number): string {
    return Buffer.from(this.#bytes.buffer, this.#start(number), this.#ends[number]! - this.#start(number)).toString(
      'utf8',
    );
  }

  #start(number: number): number {
    return number === 0 ? 0 : this.#ends[number - 1]!;
  }

  /** Puts the bytes of the text into the scratch; their count, or -1 when there are too many. */
  #encode(text: string): number {
    const { length } = text;
    const scratch = this.#scratch;
    if (length > MAX_TEXT_BYTES) return NONE;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return this.#encodeWide(text);
      scratch[i] = code;
    }
    return length;
  }

  #encodeWide(text: string): number {
    if (Buffer.byteLength(text) > MAX_TEXT_BYTES) return NONE;
    return Buffer.from(this.#scratch.buffer).write(text, 'utf8');
  }

  /** Where the text in the scratch stands, or the free place where it belongs. */
  #place(length: number): number {
    const mask = this.#places.length - 1;
    let place = this.#hash(length) & mask;
    for (;;) {
      const number = this.#places[place]! - 1;
      if (number === NONE || this.#same(number, length)) return place;
      place = (place + 1) & mask;
    }
  }

  #hash(length: number): number {
    let hash = this.#seed;
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ this.#scratch[i]!, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  #same(number: number, length: number): boolean {
    const start = this.#start(number);
    if (this.#ends[number]! - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.#bytes[start + i] !== this.#scratch[i]) return false;
    return true;
  }

  #add(place: number, length: number): number {
    const number = this.#size;
    const start = number === 0 ? 0 : this.#ends[number - 1]!;
    if (start + length > this.#bytes.length) this.#bytes = grown(this.#bytes, start + length);
    if (number === this.#ends.length) this.#ends = grown(this.#ends, number + 1);
    this.#bytes.set(this.#scratch.subarray(0, length), start);
    this.#ends[number] = start + length;
    this.#places[place] = number + 1;
    this.#size++;
    if (this.#size * 2 > this.#places.length) this.#rehash();
    return number;
  }

  #rehash(): void {
    const places = new Int32Array(this.#places.length * 2);
    this.#places = places;
    const mask = places.length - 1;
    for (let number = 0; number < this.#size; number++) {
      const start = this.#start(number);
      const length = this.#ends[number]! - start;
      this.#scratch.set(this.#bytes.subarray(start, start + length));
      let place = this.#hash(length) & mask;
      while (places[place] !== 0) place = (place + 1) & mask;
      places[place] = number + 1;
    }
  }
}

/** The same content with room for `needed`, half as much again as before. */
export function grown<A extends Uint8Array | Uint16Array | Int32Array | Uint32Array>(array: A, needed: number): A {
  const larger = new (array.constructor as new (length: number) => A)(Math.max(needed, Math.ceil(array.length * 1.5)));
  larger.set(array as never);
  return larger;
}
