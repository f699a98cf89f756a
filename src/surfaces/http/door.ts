import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { Fault } from '../../model/fault.ts';
import type { Json } from '../../model/json.ts';
import { parseStrict } from '../../model/strict-json.ts';

export interface DoorRules {
  /** Lower-case host names (with or without port) that may stand in `Host`. */
  readonly hosts: ReadonlySet<string>;
  /** Origins browsers may call from; the listener's own is among them. */
  readonly origins: ReadonlySet<string>;
  readonly bodyBytes: number;
  readonly depth: number;
  readonly keys: number;
}

/** Against DNS rebinding: a page that resolves its own name to this machine still sends its own Host and Origin. */
export function checkOrigin(request: IncomingMessage, rules: DoorRules): void {
  const host = request.headers.host?.toLowerCase();
  if (host === undefined || !(rules.hosts.has(host) || rules.hosts.has(host.replace(/:\d+$/, '')))) {
    throw new Fault('host-refused', 'This Host is not served here: add it to listen.allowedHosts if it should be');
  }
  const origin = request.headers.origin;
  if (origin !== undefined && !rules.origins.has(origin.toLowerCase())) {
    throw new Fault('origin-refused', 'This Origin may not call: add it to listen.allowedOrigins if it should');
  }
}

/** Streamable HTTP: a POST carries JSON, and its sender must be able to read both kinds of answer. */
export function checkMedia(request: IncomingMessage): void {
  const type = request.headers['content-type'];
  if (type === undefined || !/^application\/json\s*(;|$)/i.test(type)) {
    throw new Fault('unsupported-media-type', 'Content-Type must be application/json');
  }
  const accept = request.headers.accept ?? '';
  const any = accept.includes('*/*');
  if (!any && !(accept.includes('application/json') && accept.includes('text/event-stream'))) {
    throw new Fault('not-acceptable', 'Accept must list both application/json and text/event-stream');
  }
}

/** Reads a bounded body. A sender that declares or sends more is refused before it is buffered. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const declared = request.headers['content-length'];
  if (declared !== undefined && Number(declared) > maxBytes) {
    return Promise.reject(new Fault('too-large', `The body is larger than ${maxBytes} bytes`));
  }
  // Its events have been and gone: nobody would ever settle the promise.
  if (request.destroyed) return Promise.reject(new Fault('invalid-request', 'the request ended early'));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        request.pause();
        reject(new Fault('too-large', `The body is larger than ${maxBytes} bytes`));
        return;
      }
      chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    // Whoever hangs up in the middle is no failure of ours.
    request.on('error', (cause) => reject(new Fault('invalid-request', 'the request ended early', { cause })));
    request.on('close', () => {
      if (!request.complete) reject(new Fault('invalid-request', 'the request ended early'));
    });
  });
}

export function parseBody(body: Buffer, rules: DoorRules): Json {
  if (!isUtf8(body)) throw new Fault('parse-error', 'the body is not UTF-8');
  return parseStrict(body.toString('utf8'), { maxDepth: rules.depth, maxNodes: rules.keys });
}

/** A header that must be there once, or not at all. Node joins repeated headers with a comma. */
export function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
