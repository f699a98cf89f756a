import type { Permit } from '../../../../audit/journal.ts';
import { toAction } from '../../../../gateway/action.ts';
import { call } from '../../../../gateway/call.ts';
import type { Gateway, ServerEntry } from '../../../../gateway/gateway.ts';
import { type MethodSpec, SERVER_REQUESTS } from '../../../../gateway/methods.ts';
import { Fault } from '../../../../model/fault.ts';
import { failure, type RpcRequest, type RpcResponse } from '../../../../model/jsonrpc.ts';
import type { OnMessage, UpstreamReply } from '../../../../ports/upstream.ts';
import type { Conversation } from '../conversation.ts';
import type { Asker } from './context.ts';

/** Requests of one server that wait for one client at once, and how long one waits: some are answered by people. */
const MAX_ASKING = 16;
const ANSWER_MS = 600_000;

interface Waiting {
  answered(response: RpcResponse): void;
  failed(error: Fault): void;
}

interface To {
  readonly asker: Asker | null;
  readonly deliver: OnMessage;
  readonly conversation: Promise<Conversation | UpstreamReply> | null;
}

/** What a server asks of its client (sampling, elicitation, roots): the same path, the other way. */
export class ClientAsks {
  readonly #gateway: Gateway;
  readonly #server: () => ServerEntry;
  readonly #waiting = new Map<string, Waiting>();
  #asking = 0;

  constructor({ gateway, server }: { gateway: Gateway; server: () => ServerEntry }) {
    this.#gateway = gateway;
    this.#server = server;
  }

  /** The client's answer. False when nothing waits for it. */
  answer(message: RpcResponse): boolean {
    const waiting = this.#waiting.get(JSON.stringify(message.id));
    waiting?.answered(message);
    return waiting !== undefined;
  }

  /** Whoever was to answer, or whoever asked, is gone. */
  end(): void {
    for (const waiting of [...this.#waiting.values()])
      waiting.failed(new Fault('upstream-unavailable', 'The conversation has ended'));
  }

  /** A request of the server to the client walks the same path, towards the client. */
  async ask(message: RpcRequest, to: To): Promise<void> {
    const conversation = await to.conversation?.catch(() => null);
    if (conversation === null || conversation === undefined || 'response' in conversation) return;
    const spec: MethodSpec | undefined = SERVER_REQUESTS.get(message.method);
    let response: RpcResponse = failure(message.id, { code: -32601, message: 'Method not found' });
    if (spec !== undefined && to.asker !== null) {
      this.#asking++;
      // Beyond the bound not even decided: a server that asks without end takes neither the agent's places nor the journal's.
      if (this.#asking > MAX_ASKING)
        response = failure(message.id, { code: -32000, message: 'too many requests wait for the client' });
      else response = await this.#askClient(message, { spec, asker: to.asker, deliver: to.deliver });
      this.#asking--;
    }
    await conversation
      .post(response, null)
      .catch((error: unknown) => this.#gateway.log.warn({ err: error }, 'an answer did not reach the server'));
  }

  async #askClient(
    message: RpcRequest,
    to: { spec: MethodSpec; asker: Asker; deliver: OnMessage },
  ): Promise<RpcResponse> {
    try {
      const server = this.#server();
      const { caller, session } = to.asker;
      const result = await call(this.#gateway, {
        ...{ surface: 'mcp', caller, session, server, action: toAction(message, to.spec, server.id), gone: null },
        frame: message,
        release: (permit: Permit, signal) => {
          permit.spend();
          return this.#untilAnswered(message, { deliver: to.deliver, signal });
        },
      });
      if (result.kind === 'answered') return result.response;
      return failure(message.id, { code: -32003, message: 'the request was refused' });
    } catch (error) {
      this.#gateway.log.error({ err: error }, 'a request of a server failed');
      return failure(message.id, { code: -32603, message: 'Internal error' });
    }
  }

  #untilAnswered(message: RpcRequest, to: { deliver: OnMessage; signal: AbortSignal }): Promise<RpcResponse> {
    const key = JSON.stringify(message.id);
    return new Promise((resolve, reject) => {
      if (this.#waiting.has(key)) return reject(new Fault('upstream-protocol', 'the server used one id twice'));
      if (to.signal.aborted) return reject(to.signal.reason);
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        to.signal.removeEventListener('abort', aborted);
        this.#waiting.delete(key);
        settle();
      };
      const failed = (error: unknown): void => end(() => reject(error));
      const aborted = (): void => failed(to.signal.reason);
      const timer = setTimeout(
        () => failed(new Fault('upstream-timeout', 'the client did not answer in time')),
        ANSWER_MS,
      );
      to.signal.addEventListener('abort', aborted);
      this.#waiting.set(key, { answered: (response) => end(() => resolve(response)), failed });
      to.deliver(message);
    });
  }
}
