import { isAbsolute, join, relative } from 'node:path';
import type { Gateway } from '../../../gateway/gateway.ts';
import type { PolicyProblem } from '../../../model/insight/policies.ts';
import { SCHEMA } from '../../../policy/schema.ts';
import { ACTIONS, ANNOTATIONS, ATTRIBUTES, entitiesOf } from '../../../policy/vocabulary.ts';
import type { Stores } from '../../../ports/stores.ts';
import { Problem } from '../../../surfaces/admin/problem.ts';
import type { PolicyOperations } from '../../../surfaces/admin/routes/policies/operations.ts';
import type { Live } from '../../live.ts';
import { whyReadOnly } from '../../policies/publish-order.ts';
import { draftOperations } from './drafts.ts';
import { publishOperations } from './publishing.ts';
import { Replays } from './replay/replays.ts';
import { ShadowSeat } from './shadow.ts';
import { shadowFile } from './shadow-memory.ts';
import { checkFiles, compileFiles, tryRequest } from './trying.ts';

export interface PolicyParts {
  readonly live: Live;
  readonly gateway: Gateway;
  readonly stores: Pick<Stores, 'policies'>;
}

/** The life of policies, over what is in force now. */
export function policyOperations(parts: PolicyParts): PolicyOperations {
  const { live, gateway } = parts;
  const store = parts.stores.policies;
  const { journal, clock, log, beside = { hear: null } } = gateway;
  const turns = new Turns();
  const memory = shadowFile(join(live.config.dataDir, 'shadow.json'));
  const seat = new ShadowSeat({ live, beside, store, memory, journal, clock, log });
  void seat.resume();
  return {
    async inForce() {
      const { policies, config } = live;
      const readOnlyBecause = await whyReadOnly(config, policies);
      return {
        ...{ version: policies.version, publishedAtMs: policies.atMs, by: policies.by, files: policies.files },
        warnings: policies.warnings.map((warning) => below(config.policiesDir, warning)),
        ...{ editable: readOnlyBecause === null, readOnlyBecause, shadow: seat.shadow },
      };
    },
    vocabulary: (search) => ({
      ...{ schema: SCHEMA, actions: ACTIONS, annotations: ANNOTATIONS, attributes: ATTRIBUTES },
      entities: entitiesOf(live.world(), search),
    }),
    check: (files) => turns.take(() => checkFiles({ live }, files)),
    async try(request, files) {
      const set = files === null ? gateway.snapshot().policies : await turns.take(() => compileFiles({ live }, files));
      return tryRequest({ live, gateway }, set, request);
    },
    drafts: draftOperations({ live, store, journal, clock }),
    replays: new Replays({ live, gateway, journal, clock, log }),
    shadow: seat,
    publishing: publishOperations({ live, store }),
  };
}

/** In the folder's own terms, where it came with the whole path. */
function below(dir: string, problem: PolicyProblem): PolicyProblem {
  return isAbsolute(problem.file) ? { ...problem, file: relative(dir, problem.file) } : problem;
}

/** Reading policies takes the processor: so many at once, and no more. */
const MAX_READING = 4;

class Turns {
  #reading = 0;

  async take<T>(read: () => Promise<T>): Promise<T> {
    if (this.#reading >= MAX_READING)
      throw new Problem(429, 'busy', `${MAX_READING} sets of policies are being read: ask again in a moment`);
    this.#reading++;
    try {
      return await read();
    } finally {
      this.#reading--;
    }
  }
}
