import { systemClock } from '../../adapters/clock.ts';
import { askBeforehand } from '../../gateway/beforehand/ask.ts';
import { askSignIn } from '../../gateway/beforehand/sign-in.ts';
import type { Gateway, Log } from '../../gateway/gateway.ts';
import type { BackchannelAsked, BackchannelOptions, BackchannelQuestion } from '../../oauth/backchannel/options.ts';
import { Pings } from '../../oauth/backchannel/pings.ts';
import type { Stores } from '../../ports/stores.ts';
import type { Live } from '../live.ts';
import type { Authority } from './authority.ts';

/** An action that was approved at the last moment is still to be called: the question outlives the request by this. */
const CALL_MS = 60_000;
/** What nobody rang for: pings that failed, requests that ended by time. */
const SWEEP_MS = 5_000;

export interface BackchannelParts {
  readonly live: Live;
  readonly stores: Pick<Stores, 'oauth' | 'secrets'>;
  readonly authority: Authority;
  readonly gateway: Gateway;
  readonly log: Log;
}

export interface Backchannel {
  readonly options: BackchannelOptions;
  /** From now on agents are told when their requests are decided. */
  follow(): { close(): void };
}

/** Agents that ask people beforehand (OpenID Connect CIBA): the authorization server's part over the gateway's. */
export function openBackchannel(parts: BackchannelParts): Backchannel {
  const { live, stores, authority, gateway, log } = parts;
  const approval: BackchannelOptions['approval'] = (id) => gateway.approvals.get(id);
  const pings = new Pings({
    ...{ store: stores.secrets, seal: authority.seal, clock: systemClock, web: authority.web, approval },
    agents: () => ({ get: (id) => live.directory.agent(id) }),
    onFailed: (error, fields) => log.warn({ ...fields, err: error }, 'an agent could not be told; it is tried again'),
  });
  return {
    options: {
      ...{ store: stores.oauth, keys: authority.ring, approval },
      settings: () => live.config.oauth.backchannel,
      ask: (question) => ask(parts, question),
      spend: (id, digest, by) => gateway.approvals.use(id, digest, by),
      announce: (ping) => pings.put(ping),
    },
    follow: () => follow(parts, pings),
  };
}

function follow({ gateway, log }: BackchannelParts, pings: Pings): { close(): void } {
  const deliver = (): void => {
    pings.deliver().catch((error: unknown) => log.warn({ err: error }, 'agents could not be told; it is tried again'));
  };
  const timer = setInterval(deliver, SWEEP_MS);
  timer.unref();
  const stop = gateway.approvals.onChange(deliver);
  deliver();
  return {
    close() {
      clearInterval(timer);
      stop();
    },
  };
}

async function ask(
  { gateway, live }: BackchannelParts,
  { action, scopes, resources, ...question }: BackchannelQuestion,
): Promise<BackchannelAsked> {
  const asking = { ...question, owner: live.directory.person(question.agent.owner) ?? null };
  const opened =
    action === null
      ? await askSignIn(gateway, { ...asking, scopes, resources })
      : await askBeforehand(gateway, { ...asking, ...action, ttlMs: question.ttlMs + CALL_MS });
  if (opened === null) return { ok: false, why: 'no policy permits this for this agent and person' };
  if (opened.kind === 'nobody') return { ok: false, why: 'nobody there is could approve this' };
  // The person is always asked: nothing goes on by itself.
  if (opened.kind === 'automatic') throw new Error('bug: a request of the backchannel went on by itself');
  // A request that was joined is the one people see, under the message they see.
  const kept = (JSON.parse(opened.row.context) as { bindingMessage?: string | null }).bindingMessage ?? null;
  return kept === question.bindingMessage
    ? { ok: true, row: opened.row }
    : { ok: false, why: 'people are asked about this action already, under another binding_message' };
}
