/** Splits a byte stream at line feeds, holding at most one line of bounded length. A longer line is thrown away whole. */
export class LineReader {
  readonly #maxBytes: number;
  readonly #onLine: (line: Buffer) => void;
  readonly #onOversize: () => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #skipping = false;

  constructor(maxBytes: number, onLine: (line: Buffer) => void, onOversize: () => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
    this.#onOversize = onOversize;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      this.#take(chunk.subarray(start, end));
      this.#flush();
      start = end + 1;
    }
    this.#take(chunk.subarray(start));
  }

  /** The last line of a stream that ended without a line feed. */
  end(): void {
    this.#flush();
  }

  #take(part: Buffer): void {
    if (this.#skipping || part.length === 0) return;
    if (this.#bytes + part.length > this.#maxBytes) {
      this.#skipping = true;
      this.#chunks = [];
      this.#bytes = 0;
      this.#onOversize();
      return;
    }
    this.#chunks.push(part);
    this.#bytes += part.length;
  }

  #flush(): void {
    const { length } = this.#chunks;
    let line = length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#bytes);
    const skipped = this.#skipping;
    this.#chunks = [];
    this.#bytes = 0;
    this.#skipping = false;
    if (skipped) return;
    if (line.length > 0 && line[line.length - 1] === 0x0d) line = line.subarray(0, -1);
    if (line.length > 0) this.#onLine(line);
  }
}
