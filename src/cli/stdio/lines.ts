/** Thrown when a line is longer than its bound: what follows cannot be understood. */
export class LineTooLong extends Error {
  constructor(maxBytes: number) {
    super(`a line from the client is longer than ${maxBytes} bytes`);
    this.name = 'LineTooLong';
  }
}

const LF = 0x0a;

/** Splits bytes into the texts between line feeds; the last one may lack its own. Empty lines are left out. */
export async function* readLines(input: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let size = 0;
  const take = (last: Uint8Array): string => {
    const text = Buffer.concat([...parts, last])
      .toString('utf8')
      .replace(/\r$/, '');
    parts = [];
    size = 0;
    return text;
  };
  for await (const chunk of input) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LF, start);
      const part = chunk.subarray(start, end < 0 ? chunk.length : end);
      if (size + part.length > maxBytes) throw new LineTooLong(maxBytes);
      if (end < 0) {
        parts.push(part);
        size += part.length;
        break;
      }
      const line = take(part);
      if (line.trim() !== '') yield line;
      start = end + 1;
    }
  }
  const line = take(new Uint8Array());
  if (line.trim() !== '') yield line;
}
