import { setImmediate as breathe } from 'node:timers/promises';
import { toAction } from '../../../gateway/action.ts';
import type { Gateway, ServerEntry } from '../../../gateway/gateway.ts';
import { CLIENT_REQUESTS, type MethodSpec } from '../../../gateway/methods.ts';
import { SessionState } from '../../../gateway/session-facts.ts';
import { type Known, resolve } from '../../../gateway/steps/resolve.ts';
import { coarse, userRights } from '../../../gateway/tiers/coarse.ts';
import { decideForAll } from '../../../gateway/tiers/everyone.ts';
import { NO_FACTS } from '../../../gateway/trace.ts';
import { ALONE, type Caller } from '../../../model/caller.ts';
import type { Decision } from '../../../model/decision.ts';
import type { PolicyCheck, PolicyFile, Tried, TriedRequest } from '../../../model/insight/policies.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { PolicyInput } from '../../../model/policy-input.ts';
import { extractFacts } from '../../../policy/facts.ts';
import type { PolicySet } from '../../../policy/policy-set.ts';
import { publish, readAhead } from '../../../policy/publish.ts';
import { Problem } from '../../../surfaces/admin/problem.ts';
import type { Live } from '../../live.ts';
import { badFiles } from '../../policies/names.ts';

const CALL = 'tools/call';

export interface TryParts {
  readonly live: Pick<Live, 'world' | 'directory'>;
  readonly gateway: Gateway;
}

/** Everything a publication would find wrong with these files; nothing is kept. */
export async function checkFiles(
  { live }: { readonly live: Pick<Live, 'world'> },
  files: readonly PolicyFile[],
): Promise<PolicyCheck> {
  const help = 'choose another name, or fewer and smaller files';
  const bad = badFiles(files).map(({ path, why }) => ({ file: path, line: 1, column: 1, message: why, help }));
  if (bad.length > 0) return { ok: false, version: null, problems: bad, warnings: [] };
  await readAhead(files, breathe);
  const published = publish(files, live.world());
  if (!published.ok) return { ok: false, version: null, problems: published.problems, warnings: [] };
  return { ok: true, version: published.policies.version, problems: [], warnings: published.warnings };
}

/** Compiled, or a Problem with everything that is wrong. */
export async function compileFiles(
  { live }: { readonly live: Pick<Live, 'world'> },
  files: readonly PolicyFile[],
): Promise<PolicySet> {
  const [bad] = badFiles(files);
  if (bad !== undefined) throw new Problem(422, 'invalid-files', bad.path === '' ? bad.why : `${bad.path}: ${bad.why}`);
  await readAhead(files, breathe);
  const published = publish(files, live.world());
  if (published.ok) return published.policies;
  throw new Problem(422, 'invalid-policies', 'the policies are wrong', { problems: published.problems });
}

/** What would be decided now, by every tier, with these policies. A fresh session and a credential without limits of its own. */
export async function tryRequest(
  { live, gateway }: TryParts,
  policies: PolicySet,
  request: TriedRequest,
): Promise<Tried> {
  const server = gateway.snapshot().servers.get(request.server);
  if (server === undefined) throw new Problem(422, 'unknown-server', `there is no server ${request.server}`);
  const caller = callerOf(live, request);
  const input = inputOf({ gateway, server, caller, request });
  const known = resolve(gateway, { action: input.action } as Parameters<typeof resolve>[1]);
  const asked: PolicyInput = { ...input, labels: known.labels };
  const attempt = { caller, action: input.action } as Parameters<typeof userRights>[1];
  const rights = await userRights(gateway, attempt, known);
  const { code, answers } = coarse(gateway, asked, { known, rights });
  const decision = decideForAll(policies, asked);
  const refused = stopped(gateway, asked) ?? code ?? notCallable(known);
  return {
    ...told(decision),
    effect: refused === null ? decision.effect : 'deny',
    refused,
    tiers: { ...answers, policy: decision.effect },
    policies: policies.explain(asked),
    version: policies.version,
  };
}

function callerOf({ directory }: TryParts['live'], { agent: id, subject = null }: TriedRequest): Caller {
  const agent = directory.agent(id);
  if (agent === undefined) throw new Problem(422, 'unknown-agent', `there is no agent ${id}`);
  const person = subject === null ? null : (directory.person(subject) ?? null);
  if (subject !== null && person === null) throw new Problem(422, 'unknown-person', `there is no person ${subject}`);
  return {
    ...ALONE,
    ...{ agent, owner: directory.person(agent.owner) ?? null, subject, person },
    chain: subject === null ? [] : [{ id, kind: 'agent' }],
    ...{ method: 'token', credentialId: 'tried', expiresAtMs: Number.MAX_SAFE_INTEGER },
  };
}

function inputOf(asked: {
  readonly gateway: Gateway;
  readonly server: ServerEntry;
  readonly caller: Caller;
  readonly request: TriedRequest;
}): PolicyInput {
  const { gateway, server, caller, request } = asked;
  const args = request.args as JsonObject;
  const params = { name: request.tool, arguments: args };
  const action = toAction({ method: CALL, params }, CLIENT_REQUESTS.get(CALL) as MethodSpec, server.id);
  const mapping = server.facts.get(request.tool) ?? server.facts.get('*');
  const nowMs = gateway.clock.nowMs();
  return {
    ...{ caller, action, labels: null, nowMs, watched: false },
    facts: mapping === undefined ? NO_FACTS : extractFacts(args, mapping),
    session: new SessionState(null, nowMs),
    usage: {
      agent: gateway.usage.read('agent', caller.agent.id, nowMs),
      session: gateway.usage.read('session', null, nowMs),
      task: null,
    },
  };
}

/** What a lock or an ended authority says. Nothing is entered or counted. */
function stopped(gateway: Gateway, { caller, action }: PolicyInput): string | null {
  if (gateway.entitled(caller) !== null) return 'not-entitled';
  const { agent, subject } = caller;
  const tool = action.target.kind === 'tool' ? `${action.server}/${action.target.name}` : null;
  const keys = { agent: agent.id, owner: agent.owner, user: subject, through: [], tasks: [] };
  const entry = gateway.revocation.enter({ ...keys, session: null, server: action.server, tool });
  if (!entry.ok) return entry.code;
  entry.leave();
  return null;
}

function notCallable({ state }: Known): string | null {
  return state === 'known' ? null : state === 'quarantined' ? 'quarantined' : 'unknown-target';
}

function told({ effect: _, ask, obligations, reasons, messages, errors }: Decision) {
  return {
    ...{ reasons, messages, errors, asks: ask },
    obligations: obligations.map(({ name, detail }) => (detail === '' ? name : `${name}:${detail}`)),
  };
}
