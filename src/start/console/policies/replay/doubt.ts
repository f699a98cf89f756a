import type { Usage } from '../../../../gateway/usage.ts';
import type { Json, JsonObject } from '../../../../model/json.ts';
import type { MappedFacts, UsageFacts, UsageWindow } from '../../../../model/policy-input.ts';
import type { CallFacts } from '../../../../model/record.ts';

/** Why a call is not decided again. */
export type Undecidable =
  | 'policies-not-asked'
  | 'unknown-agent'
  | 'unknown-person'
  | 'unknown-server'
  | 'unknown-tool'
  | 'arguments-not-recorded'
  | 'session-began-earlier'
  | 'usage-not-known'
  | 'watch-not-known';

/** Raised when a policy reads what is not on record: what it answers then is no answer. */
export class Doubt {
  #why: Undecidable | null = null;

  get why(): Undecidable | null {
    return this.#why;
  }

  raise(why: Undecidable): void {
    this.#why ??= why;
  }

  settle(): void {
    this.#why = null;
  }
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Arguments nobody kept: whatever is asked of them raises a doubt. */
export function missingArguments(doubt: Doubt): JsonObject {
  const raise = (): undefined => {
    doubt.raise('arguments-not-recorded');
    return undefined;
  };
  return new Proxy({} as Record<string, Json>, {
    get: raise,
    has: () => raise() ?? false,
    ownKeys: () => raise() ?? [],
    getOwnPropertyDescriptor: raise,
  });
}

/** The amount is on record with every call. */
export function missingFacts(amount: number | null, doubt: Doubt): MappedFacts {
  const raise = (): null => {
    doubt.raise('arguments-not-recorded');
    return null;
  };
  return {
    amount,
    get currency() {
      return raise();
    },
    get quantity() {
      return raise();
    },
    get environment() {
      return raise();
    },
    get recipient() {
      return raise();
    },
  };
}

/** Usage as it was counted from the records read so far; what came before the first of them is not in it. */
export function usageFacts(
  usage: Usage,
  record: CallFacts,
  at: { readonly atMs: number; readonly readMs: number; readonly wholeSession: boolean; readonly doubt: Doubt },
): UsageFacts {
  const window = (kind: 'agent' | 'session' | 'task', id: string | null): UsageWindow => {
    const read = usage.read(kind, id, at.atMs);
    const known = (value: number, forMs: number): number => {
      if (at.readMs < forMs) at.doubt.raise('usage-not-known');
      return value;
    };
    const whole = kind === 'session' && (at.wholeSession || id === null);
    return {
      get callsLastMinute() {
        return known(read.callsLastMinute, MINUTE_MS);
      },
      get callsLastHour() {
        return known(read.callsLastHour, HOUR_MS);
      },
      get callsLastDay() {
        return known(read.callsLastDay, DAY_MS);
      },
      // Of an agent or a task it counts from the gateway's start: no record says from where.
      get callsTotal() {
        return whole ? read.callsTotal : known(read.callsTotal, Number.POSITIVE_INFINITY);
      },
      get spentLastDay() {
        return known(read.spentLastDay, DAY_MS);
      },
    };
  };
  return {
    get agent() {
      return window('agent', record.agent);
    },
    get session() {
      return window('session', record.session);
    },
    get task() {
      return record.task === null ? null : window('task', record.task);
    },
  };
}
