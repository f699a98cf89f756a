import { Fault, UpstreamFault } from '../../model/fault.ts';
import type { RpcNotification, RpcRequest, RpcResponse } from '../../model/jsonrpc.ts';
import type {
  CredentialHolder,
  Era,
  OnMessage,
  SendOptions,
  UpstreamCredential,
  UpstreamLink,
  UpstreamReply,
} from '../../ports/upstream.ts';
import { CredentialsRefused } from './http/call.ts';
import type { HttpPeer } from './http/peer.ts';
import type { ExchangeSink } from './http/wire/exchange.ts';

/** Shorter texts would be found in answers by chance. */
const MIN_BLOTTED = 8;
const BLOT = '[credential withheld]';
/** Credentials that may still come back: the one in use and those it replaced a moment ago. */
const KEPT = 4;

/** What one link carries, and what must not come back through it. */
export class Carried {
  readonly holder: CredentialHolder;
  #latest: UpstreamCredential | null = null;
  #recent: readonly UpstreamCredential[] = [];
  #texts: readonly string[] = [];

  constructor(holder: CredentialHolder) {
    this.holder = holder;
  }

  /** What to send with a request that does not wait: the newest known. */
  headers(): readonly string[] {
    const credential = this.holder.current() ?? this.#latest;
    if (credential === null) return [];
    this.took(credential);
    return credential.headers;
  }

  env(): Readonly<Record<string, string>> {
    return this.#latest?.env ?? {};
  }

  took(credential: UpstreamCredential): void {
    if (credential === this.#latest) return;
    this.#latest = credential;
    this.#recent = [credential, ...this.#recent].slice(0, KEPT);
    const texts = this.#recent.flatMap((one) => one.secrets).filter((text) => text.length >= MIN_BLOTTED);
    // Inside JSON a text may be spelled with escapes.
    this.#texts = [...new Set(texts.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]))];
  }

  /** A server that says a credential back, as a diagnostic tool does, says it to nobody. */
  blot(text: string): string {
    let clean = text;
    for (const secret of this.#texts) if (clean.includes(secret)) clean = clean.replaceAll(secret, BLOT);
    return clean;
  }

  blotLine(line: Buffer): Buffer {
    return this.#texts.some((secret) => line.includes(secret)) ? Buffer.from(this.blot(line.toString('utf8'))) : line;
  }
}

/** The peer of one link: every exchange it makes carries the credential, and no answer brings it back. */
export function carryingPeer(peer: HttpPeer, carried: Carried): HttpPeer {
  return {
    ...peer,
    dispatch: (message, sink) =>
      peer.dispatch({ ...message, headers: carried.headers().concat(message.headers) }, blotting(sink, carried)),
  };
}

function blotting(sink: ExchangeSink, carried: Carried): ExchangeSink {
  return {
    onHead(head) {
      const challenge = head.headers['www-authenticate'];
      if (challenge === undefined) return sink.onHead(head);
      const clean = { ...head.headers, 'www-authenticate': carried.blot(String(challenge)) };
      sink.onHead({ ...head, headers: clean });
    },
    onData: (data) => sink.onData(carried.blot(data)),
    onEnd: (end) => sink.onEnd(end.kind === 'body' ? { ...end, text: carried.blot(end.text) } : end),
  };
}

/**
 * A link that carries one holder's credential. Where the server answers 401 before it read the request, the credential is renewed and
 * the request sent once more; a second 401 is final. When the credential is withdrawn the link ends.
 */
export class CarryingLink implements UpstreamLink {
  readonly server: string;
  readonly era: Era;
  readonly #inner: UpstreamLink;
  readonly #carried: Carried;
  #onClosed: ((why: string) => void) | null = null;

  constructor(inner: UpstreamLink, carried: Carried) {
    this.#inner = inner;
    this.#carried = carried;
    this.server = inner.server;
    this.era = inner.era;
    const { withdrawn } = carried.holder;
    const end = (): void => void inner.close('the credential was withdrawn').catch(() => {});
    withdrawn.addEventListener('abort', end, { once: true });
    inner.onClosed((why) => {
      withdrawn.removeEventListener('abort', end);
      this.#onClosed?.(why);
    });
    if (withdrawn.aborted) end();
  }

  get closed(): boolean {
    return this.#inner.closed;
  }

  async request(message: RpcRequest, options: SendOptions): Promise<UpstreamReply> {
    const used = this.#carried.holder.current() ?? (await this.#renew(null, options.signal));
    this.#carried.took(used);
    try {
      return await this.#inner.request(message, options);
    } catch (error) {
      if (!mayRepeat(error)) throw error;
      this.#carried.took(await this.#renew(used, options.signal));
      return this.#inner.request(message, options);
    }
  }

  async post(message: RpcNotification | RpcResponse, headers?: Readonly<Record<string, string>>): Promise<void> {
    const used = this.#carried.holder.current() ?? (await this.#renew(null, null));
    this.#carried.took(used);
    try {
      return await this.#inner.post(message, headers);
    } catch (error) {
      if (!mayRepeat(error)) throw error;
      this.#carried.took(await this.#renew(used, null));
      return this.#inner.post(message, headers);
    }
  }

  /** Whoever is stopped meanwhile waits no longer; the renewal goes on for the next call. */
  #renew(refused: UpstreamCredential | null, signal: AbortSignal | null): Promise<UpstreamCredential> {
    const renewed = this.#carried.holder.renew(refused);
    if (signal === null) return renewed;
    return new Promise((resolve, reject) => {
      const stop = (): void =>
        reject(
          new UpstreamFault('upstream-unavailable', 'the call was cancelled', { sent: false, cause: signal.reason }),
        );
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      renewed.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  onUnsolicited(handler: OnMessage): void {
    this.#inner.onUnsolicited(handler);
  }

  listen(): void {
    this.#inner.listen();
  }

  onClosed(handler: (why: string) => void): void {
    this.#onClosed = handler;
  }

  close(why: string): Promise<void> {
    return this.#inner.close(why);
  }
}

/** RFC 9110 section 15.5.2: the request was refused for want of credentials, so nothing was done. */
function mayRepeat(error: unknown): boolean {
  return error instanceof CredentialsRefused && error.status === 401 && !error.sent;
}

/** What a holder cannot give is a fault that says nothing was sent. */
export async function carried(holder: CredentialHolder): Promise<Carried> {
  const it = new Carried(holder);
  try {
    it.took(holder.current() ?? (await holder.renew(null)));
  } catch (error) {
    if (error instanceof UpstreamFault || !(error instanceof Fault)) throw error;
    throw new UpstreamFault(error.code, error.message, { sent: false, cause: error });
  }
  return it;
}
