import { Fault } from '../../../../model/fault.ts';

export interface SseOptions {
  /** Bound on one event: its unfinished line plus the data lines so far, in UTF-16 units. */
  readonly maxEventChars: number;
  /** Called for every event of type `message` that has data. */
  readonly onData: (data: string) => void;
}

/** An event id goes back to the server in a header: longer ones, or ones a header cannot carry, are not remembered. */
const MAX_ID_CHARS = 1024;
const HEADER_SAFE = /^[\x20-\x7e]*$/;
/** A server that asks for a longer pause than an hour is not asking to be resumed. */
const MAX_RETRY_MS = 3_600_000;

/**
 * Incremental reader of `text/event-stream` (WHATWG HTML section 9.2.6): bytes in, message data out.
 * Faults: `response-too-large` (an event over its bound), `upstream-protocol` (not UTF-8).
 */
export class SseReader {
  /** Id of the last complete event, '' when there was none or the server reset it. */
  lastEventId = '';
  /** The server's wish for the pause before a reconnection, null when it never said. */
  retryMs: number | null = null;

  readonly #options: SseOptions;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #line = '';
  #afterCr = false;
  #type = '';
  #data: string[] = [];
  #dataChars = 0;
  #id = '';

  constructor(options: SseOptions) {
    this.#options = options;
  }

  push(chunk: Uint8Array): void {
    let text: string;
    try {
      text = this.#decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw new Fault('upstream-protocol', 'the server sent an event stream that is not UTF-8', { cause });
    }
    if (text !== '') this.#lines(text);
  }

  #lines(text: string): void {
    let start = 0;
    if (this.#afterCr) {
      this.#afterCr = false;
      if (text.charCodeAt(0) === 0x0a) start = 1;
    }
    // Each is searched again only after it was passed: a stream without CR is scanned for it once, not once a line.
    let lf = text.indexOf('\n', start);
    let cr = text.indexOf('\r', start);
    while (start < text.length) {
      if (lf >= 0 && lf < start) lf = text.indexOf('\n', start);
      if (cr >= 0 && cr < start) cr = text.indexOf('\r', start);
      const end = lf < 0 ? cr : cr < 0 ? lf : Math.min(lf, cr);
      if (end < 0) break;
      const line = this.#line + text.slice(start, end);
      this.#line = '';
      start = end + 1;
      if (end === cr) {
        if (start === text.length) this.#afterCr = true;
        else if (text.charCodeAt(start) === 0x0a) start++;
      }
      this.#bound(line.length);
      this.#field(line);
    }
    this.#line += text.slice(start);
    this.#bound(this.#line.length);
  }

  #bound(lineChars: number): void {
    if (lineChars + this.#dataChars > this.#options.maxEventChars) {
      throw new Fault('response-too-large', 'the server sent an event that is too large');
    }
  }

  #field(line: string): void {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const from = line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1;
    const value = colon < 0 ? '' : line.slice(from);
    if (name === 'data') {
      this.#data.push(value);
      // One more for the line feed that joins them: empty data lines must not be free.
      this.#dataChars += value.length + 1;
    } else if (name === 'event') this.#type = value;
    else if (name === 'id') {
      if (value.length <= MAX_ID_CHARS && HEADER_SAFE.test(value)) this.#id = value;
    } else if (name === 'retry' && /^\d{1,10}$/.test(value)) this.retryMs = Math.min(Number(value), MAX_RETRY_MS);
  }

  #dispatch(): void {
    this.lastEventId = this.#id;
    const type = this.#type;
    const data = this.#data.length === 1 ? (this.#data[0] as string) : this.#data.join('\n');
    this.#type = '';
    this.#data = [];
    this.#dataChars = 0;
    // An event with an id and no data primes resumption (MCP 2025-11-25 "Sending Messages to the Server", item 6).
    if (data !== '' && (type === '' || type === 'message')) this.#options.onData(data);
  }
}
