import { Fault, UpstreamFault } from '../../../model/fault.ts';
import type { RequestId } from '../../../model/jsonrpc.ts';
import type { JsonLimits } from '../../../model/strict-json.ts';
import type { SendOptions, UpstreamLink, UpstreamReply } from '../../../ports/upstream.ts';
import {
  type CallPeer,
  credentialsFault,
  HttpCall,
  type Outgoing,
  type ResumeLimits,
  redirectFault,
  statusFault,
} from './call.ts';
import type { Exchange, ExchangeEnd, ExchangeSink, Head } from './wire/exchange.ts';

export interface HttpMessage {
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Beyond those every request of its method has. */
  readonly headers: readonly string[];
  readonly body: string | null;
  /** Stays open by design: another pool, no bound on its length. */
  readonly stream: boolean;
}

/** What the links of one server share. */
export interface HttpPeer {
  readonly id: string;
  readonly json: JsonLimits;
  readonly resume: ResumeLimits;
  readonly postTimeoutMs: number;
  readonly closeTimeoutMs: number;
  /** Fault `overloaded` when a limit is reached. */
  dispatch(message: HttpMessage, sink: ExchangeSink): Exchange;
  dropped(why: string): void;
  report(fault: UpstreamFault | null): void;
  initializeRefused(): void;
  linkClosed(link: UpstreamLink): void;
}

/** The requests of one link that wait for their response, by the client's own ids. */
export class Flights {
  readonly #calls = new Map<RequestId, HttpCall>();

  /** Fault `invalid-request` when the id is in use: two answers could not be told apart. */
  start(peer: CallPeer, outgoing: Outgoing, options: SendOptions): Promise<UpstreamReply> {
    const { id } = outgoing.message;
    if (this.#calls.has(id)) throw new Fault('invalid-request', 'a request with this id is still in flight');
    const call = new HttpCall(peer, outgoing, options);
    this.#calls.set(id, call);
    try {
      call.start();
    } catch (error) {
      call.end('it could not be sent');
      call.promise.catch(() => {});
      throw error;
    }
    return call.promise;
  }

  /** The call with this id is over. */
  land(id: RequestId): void {
    this.#calls.delete(id);
  }

  end(why: string): void {
    for (const call of [...this.#calls.values()]) call.end(why);
  }
}

/** With the credential of this one action, on the request that asks for it and on no other. */
export function withAction(headers: readonly string[], { actionHeaders }: SendOptions): readonly string[] {
  return actionHeaders === undefined ? headers : [...headers, ...actionHeaders];
}

/** A notification or a client's response, which the server only acknowledges. */
export function postOnce(peer: HttpPeer, message: HttpMessage): Promise<void> {
  return acknowledged(peer, message, peer.postTimeoutMs);
}

export function acknowledged(peer: HttpPeer, message: HttpMessage, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let exchange: Exchange | null = null;
    const timer = setTimeout(() => {
      exchange?.drop();
      const sent = exchange?.started ?? false;
      reject(new UpstreamFault('upstream-timeout', `the server did not acknowledge within ${timeoutMs} ms`, { sent }));
    }, timeoutMs);
    const settle = (fault: UpstreamFault | null): void => {
      clearTimeout(timer);
      if (fault === null) resolve();
      else reject(fault);
    };
    const sink: ExchangeSink = {
      onHead(head: Head): void {
        if (head.status === 401 || head.status === 403) throw credentialsFault(head);
        if (head.status >= 400) throw statusFault(head);
        if (head.status >= 300) throw redirectFault(head);
        settle(null);
        if (head.body === 'sse') exchange?.drop();
      },
      onData: () => {},
      onEnd: (end: ExchangeEnd) => settle(end.kind === 'failed' ? end.fault : null),
    };
    try {
      exchange = peer.dispatch(message, sink);
    } catch (error) {
      clearTimeout(timer);
      reject(error as Error);
    }
  });
}

export function closedFault(why: string): UpstreamFault {
  return new UpstreamFault('upstream-unavailable', 'the connection to the server was closed', {
    sent: false,
    detail: why,
  });
}
