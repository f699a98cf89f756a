import { toAction } from '../../../../gateway/action.ts';
import type { CallResult } from '../../../../gateway/attempt.ts';
import type { Gateway } from '../../../../gateway/gateway.ts';
import { CLIENT_REQUESTS, type MethodSpec } from '../../../../gateway/methods.ts';
import type { Action } from '../../../../model/action.ts';
import { Fault } from '../../../../model/fault.ts';
import type { Json } from '../../../../model/json.ts';
import type { RpcRequest } from '../../../../model/jsonrpc.ts';
import { metaOf } from '../../../../model/mcp.ts';
import type { OnMessage, UpstreamReply } from '../../../../ports/upstream.ts';
import type { TaskDesk } from '../../waiting/tasks/desk.ts';
import { answerTask, startTask } from '../../waiting/tasks/peer-tasks.ts';
import { ranOf, whyNotNow } from '../../waiting/tasks/resuming.ts';
import type { Ran, Runner } from '../../waiting/tasks/runner.ts';
import type { Received } from '../../waiting/waiting.ts';
import type { RequestContext } from './context.ts';

/** One request on its way through a peer. */
export interface Going {
  readonly action: Action;
  readonly context: RequestContext;
  /** What the client brings back of questions of ours. */
  readonly came: Pick<Received, 'answers' | 'returned'>;
  /** The client wants it as a task of the gateway. */
  readonly taskAsked?: boolean;
  /** Told when it is sent. */
  readonly onSent?: () => void;
}

export const NOTHING_CAME: Going['came'] = { answers: new Map(), returned: null };

/** The peer whose calls they are. */
export interface TaskHost {
  readonly gateway: Gateway;
  readonly desk: TaskDesk;
  /** Where the server's own frames go while no request is open. */
  readonly unsolicited: OnMessage;
  readonly closed: () => boolean;
  readonly server: () => string;
  /** Rejects when this conversation cannot carry the call; the tool is known when it resolves. */
  readonly ready: (going: Pick<Going, 'action' | 'context'>) => Promise<void>;
  readonly walk: (message: RpcRequest, going: Going) => Promise<UpstreamReply>;
  readonly call: (
    message: RpcRequest,
    going: Pick<Going, 'action' | 'context'> & { readonly resumes: string },
  ) => Promise<CallResult>;
}

interface Resuming {
  readonly approval: string;
  readonly signal: AbortSignal;
  readonly context: RequestContext;
}

/** Calls of one client that the gateway keeps as tasks. */
export class OwnTasks {
  readonly #host: TaskHost;

  constructor(host: TaskHost) {
    this.#host = host;
  }

  /** A request about a task the gateway keeps. */
  about(message: RpcRequest, context: RequestContext & { readonly gone: AbortSignal }): Promise<UpstreamReply> {
    const { desk, gateway, server } = this.#host;
    return answerTask({ desk, gateway }, message, {
      ...{ server: server(), era: context.era, session: context.session, signal: context.gone },
      runner: this.runner(message, context),
      forward: (to) => this.#host.walk(to, { action: this.#actionOf(to), context, came: NOTHING_CAME }),
    });
  }

  /** A call that its client wants as a task. Fault `overloaded`, with nothing sent, where no more are held. */
  async start(
    message: RpcRequest,
    step: Going & { readonly controller: AbortController; readonly ttl: Json | undefined },
  ): Promise<UpstreamReply> {
    const { desk, gateway, unsolicited } = this.#host;
    const release = desk.promise(step.context.caller);
    const sent = Promise.withResolvers<void>();
    // What the server says meanwhile belongs to no answer: it goes where unsolicited frames go.
    const context = { ...step.context, deliver: unsolicited, gone: step.controller.signal };
    try {
      const walked = this.#host.walk(message, { ...step, context, taskAsked: true, onSent: sent.resolve });
      return await startTask(desk, {
        ...{ message, server: this.#host.server(), runner: this.runner(message, context), cancel: step.controller },
        ...{ walked, sent: sent.promise, ttl: step.ttl },
        onError: (error) => gateway.log.error({ err: error }, 'a call that is a task failed'),
      });
    } finally {
      release();
    }
  }

  runner({ params }: RpcRequest, context: RequestContext): Runner {
    const { caller, era } = context;
    const { progressToken: _other, ...meta } = metaOf(params);
    return {
      caller,
      closed: this.#host.closed,
      whyNot: () => whyNotNow(this.#host.gateway, caller),
      resume: (message, to) => this.#resume(message, { ...to, context }),
      meta: () => (era === 'modern' ? { _meta: meta } : {}),
      digestOf: (message) => (CLIENT_REQUESTS.has(message.method) ? this.#actionOf(message).digest : null),
    };
  }

  /** What a task's call came to, walked with that question's answer. */
  async #resume(message: RpcRequest, step: Resuming): Promise<Ran> {
    const { unsolicited, gateway } = this.#host;
    try {
      const action = this.#actionOf(message);
      const context = { ...step.context, deliver: unsolicited, gone: step.signal };
      await this.#host.ready({ action, context });
      const result = await this.#host.call(message, { action, context, resumes: step.approval });
      return ranOf(message, result, action);
    } catch (error) {
      if (error instanceof Fault) return { kind: 'not-yet', why: error.message };
      gateway.log.error({ err: error, approval: step.approval }, 'a held call could not go on');
      return { kind: 'not-yet', why: 'The gateway failed while handling this call' };
    }
  }

  #actionOf(message: RpcRequest): Action {
    return toAction(message, CLIENT_REQUESTS.get(message.method) as MethodSpec, this.#host.server());
  }
}
