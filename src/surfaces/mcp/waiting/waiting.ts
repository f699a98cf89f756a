import { randomUUID } from 'node:crypto';
import type { Refusal } from '../../../gateway/attempt.ts';
import type { Gateway } from '../../../gateway/gateway.ts';
import type { Action } from '../../../model/action.ts';
import type { Caller } from '../../../model/caller.ts';
import { Fault } from '../../../model/fault.ts';
import type { RpcRequest } from '../../../model/jsonrpc.ts';
import type { ApprovalRow } from '../../../ports/stores.ts';
import type { OnMessage, UpstreamReply } from '../../../ports/upstream.ts';
import { answerRefusal } from '../answers.ts';
import type { Situation } from './form.ts';
import { Held, Holding, toldBy } from './held.ts';
import { APPROVAL, askToOpen, type OwnAnswers, opensPages, type Speaker, takeOwnAnswers } from './page/ask.ts';
import { RequestStates, type Returned, type Seal } from './page/request-state.ts';
import { Pages } from './page/watch.ts';
import { patienceOf } from './patience.ts';
import { type DeskParts, TaskDesk } from './tasks/desk.ts';
import { createdFrame, declaresTasks } from './tasks/frames.ts';
import { withoutOwnTaskIds } from './tasks/peer-tasks.ts';
import type { Runner } from './tasks/runner.ts';
import { inWords, waitingText } from './words.ts';

/** Sessions that were told of a page, remembered so that none is told for ever. */
const MAX_TOLD = 10_000;

export interface WaitingParts {
  readonly gateway: Gateway;
  readonly seal: Seal;
  /** The gateway's public address. */
  readonly origin: () => string;
  readonly outcomeOf: DeskParts['outcomeOf'];
}

/** A request without what is the gateway's own in it, and what that said. */
export interface Received {
  readonly message: RpcRequest;
  readonly answers: OwnAnswers;
  readonly returned: Returned | null;
}

/** One call on its way, as far as waiting is concerned. */
export interface Waiter extends Pick<Received, 'answers' | 'returned'> {
  readonly message: RpcRequest;
  readonly caller: Caller;
  readonly speaker: Speaker;
  readonly version: string;
  /** Where the page is said again in one conversation only once. */
  readonly session: string | null;
  /** The call is a task of this gateway (`params.task`). */
  readonly taskAsked: boolean;
  readonly deliver: OnMessage;
  /** Where frames go while no request is open. */
  readonly unsolicited: OnMessage;
  /** As the client states it; `null`: it does not. */
  readonly patienceMs: number | null;
}

/** Agents that wait for people, and agents that cannot: what each is told, in the best form it speaks. */
export class Waiting {
  readonly desk: TaskDesk;
  readonly #parts: WaitingParts;
  readonly #states: RequestStates;
  readonly #holding = new Holding();
  readonly #told = new Set<string>();
  readonly #pages: Pages;

  constructor(parts: WaitingParts) {
    const { gateway, seal, origin, outcomeOf } = parts;
    this.#parts = parts;
    this.#states = new RequestStates({ seal, origin, clock: gateway.clock });
    this.#pages = new Pages(gateway.approvals, (error) =>
      gateway.log.warn({ err: error }, 'a question could not be read'),
    );
    this.desk = new TaskDesk({
      ...{ clock: gateway.clock, approvals: gateway.approvals, log: gateway.log },
      ...{ holding: this.#holding, outcomeOf },
    });
  }

  close(): void {
    this.#pages.close();
    this.desk.close();
  }

  /** Takes off what is for the gateway alone. Fault `invalid-params`: a state that was not given for this. */
  async receive(received: RpcRequest, caller: Caller): Promise<Received> {
    const { message: bare, answers } = takeOwnAnswers(withoutOwnTaskIds(received));
    const { message, returned } = await this.#states.take(bare, caller);
    return { message, answers, returned };
  }

  /** Begins to hold a call, should people have to be asked. */
  hold(waiter: Waiter): Held {
    const { gateway } = this.#parts;
    const { message, speaker, version } = waiter;
    return new Held(
      {
        ...{ clock: gateway.clock, holding: this.#holding, read: (id) => gateway.approvals.get(id) },
        warn: (error, approval) => gateway.log.warn({ err: error, approval }, 'a question could not be read'),
      },
      {
        ...{ message, deliver: waiter.deliver, patienceMs: patienceOf(message, waiter.patienceMs) },
        situation: {
          ...{ era: speaker.era, version, method: message.method, taskAsked: waiter.taskAsked },
          ...{ tasksDeclared: declaresTasks(message.params), opensPages: opensPages(message, speaker) },
        },
        told: (approval) => this.#toldOf(waiter, approval),
        person: (row) => this.#personOf(waiter.caller, row),
      },
    );
  }

  /** The answer to a call whose question nobody has answered yet. */
  async tell(
    waiter: Waiter,
    of: { held: Held; refusal: Refusal; action: Action; runner: Runner | null },
  ): Promise<UpstreamReply> {
    const approval = of.refusal.approval ?? '';
    const { approvals, log } = this.#parts.gateway;
    const row = await approvals.get(approval).catch((error: unknown) => {
      log.warn({ err: error, approval }, 'a question could not be read');
      return null;
    });
    const { form } = of.held.choose(approval, row);
    if (form === 'task' && row !== null) {
      const created = this.#createTask(waiter, { row, ...of });
      if (created !== null) return created;
    }
    if (form === 'page' && row !== null) return this.#askForPage(waiter, row, of.action);
    return this.#inWords(waiter.message, row, of);
  }

  #createTask(waiter: Waiter, of: { row: ApprovalRow; action: Action; runner: Runner | null }): UpstreamReply | null {
    const { message, caller, speaker } = waiter;
    const { row, action, runner } = of;
    const { era } = speaker;
    const ttlMs = Math.max(0, row.expiresAtMs - this.#parts.gateway.clock.nowMs());
    const task = {
      caller,
      message,
      era,
      runner,
      server: action.server,
      approval: row.id,
      ttlMs,
    };
    try {
      const text = waitingText(row, row.id, this.#parts.gateway.clock);
      const held = this.desk.create(task, text);
      return local(createdFrame(message.id, this.desk.view(held), era));
    } catch (error) {
      // A stateless client did not ask for a task: it can be told in words. One that did is told that there is no room.
      if (era === 'modern' && error instanceof Fault && error.code === 'overloaded') return null;
      throw error;
    }
  }

  async #askForPage(waiter: Waiter, row: ApprovalRow, action: Action): Promise<UpstreamReply> {
    const { message, caller, speaker } = waiter;
    const elicitationId = randomUUID();
    if (speaker.era === 'legacy') {
      this.#remember(waiter, row.id);
      this.#pages.watch(row.id, { elicitationId, deliver: waiter.unsolicited });
    }
    const url = this.#pageOf(row.id);
    const text = `An agent asks for approval of one action. Open the page to see exactly what it wants to do, and answer within ${this.#left(row)}.`;
    const error = `This action needs a person's approval (request ${row.id}). It was not carried out. It can be looked at and answered at ${url}; then make exactly the same call again.`;
    const to = { approval: row.id, digest: action.digest, untilMs: row.expiresAtMs };
    const requestState = speaker.era === 'modern' ? await this.#states.write(message, caller, to) : undefined;
    return askToOpen(
      message,
      { key: APPROVAL, url, text, error, elicitationId, ...(requestState === undefined ? {} : { requestState }) },
      speaker,
    );
  }

  #inWords(
    message: RpcRequest,
    row: ApprovalRow | null,
    { refusal, action }: { refusal: Refusal; action: Action },
  ): UpstreamReply {
    if (row === null) return answerRefusal(message.id, refusal, action.target);
    const handle = {
      ...{ approval: row.id, state: 'pending', page: this.#pageOf(row.id) },
      expiresAt: new Date(row.expiresAtMs).toISOString(),
    };
    const waiting = { handle, left: this.#left(row), structured: !this.#hasOutputSchema(action) };
    return answerRefusal(message.id, refusal, action.target, waiting);
  }

  /** Clients check structured results against the tool's schema, also those that say no. */
  #hasOutputSchema({ server, target }: Action): boolean {
    if (target.kind !== 'tool') return true;
    const tool = this.#parts.gateway.inventory.resolve(server, target.name);
    return tool.state !== 'pinned' || tool.definition.outputSchema !== undefined;
  }

  #pageOf(approval: string): string {
    return `${this.#parts.origin()}/approvals/${approval}`;
  }

  #left({ expiresAtMs }: ApprovalRow): string {
    return inWords(Math.max(0, expiresAtMs - this.#parts.gateway.clock.nowMs()));
  }

  #personOf({ subject }: Caller, row: ApprovalRow): Situation['person'] {
    if (subject === null) return 'unknown';
    return this.#parts.gateway.approvals.mayAnswer(row, subject).ok ? 'may-answer' : 'may-not-answer';
  }

  #toldOf({ answers, returned, session, speaker }: Waiter, approval: string): Situation['told'] {
    const said = toldBy(answers.get(APPROVAL));
    if (said !== 'never') return said;
    if (returned?.approval === approval) return 'told';
    return speaker.era === 'legacy' && this.#told.has(`${session} ${approval}`) ? 'told' : 'never';
  }

  #remember({ session }: Waiter, approval: string): void {
    this.#told.add(`${session} ${approval}`);
    const [oldest] = this.#told;
    if (this.#told.size > MAX_TOLD && oldest !== undefined) this.#told.delete(oldest);
  }
}

function local(response: UpstreamReply['response']): UpstreamReply {
  return { response, httpStatus: null };
}
