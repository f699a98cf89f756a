import type { Assurance, Who } from './approval.ts';
import type { DataClass, ToolEffect } from './tool.ts';

/** The `approvals:` section of the configuration, as the approvals room reads it. */
export interface ApprovalRules {
  /** How long a call waits for its answer before the agent is told to come back. */
  readonly waitMs: number;
  /** How long a question can be answered, and its answer used; a route may say less or more. */
  readonly expireMs: number;
  /** The least anybody's answer must be proven by; a route may ask for more. */
  readonly assurance: Assurance;
  readonly roles: ReadonlyMap<string, Role>;
  readonly routes: ReadonlyMap<string, Route>;
  readonly schedules: ReadonlyMap<string, Schedule>;
  /** Vacations: while somebody is away, the deputy may answer in their place. */
  readonly away: readonly Away[];
  readonly quietHours: QuietHours | null;
  readonly standing: {
    readonly enabled: boolean;
    /** The longest a standing approval lasts. */
    readonly maxMs: number;
  };
  /** Messages to one person in ten minutes; what is more is grouped into one. */
  readonly noticesPerTenMinutes: number;
}

/** A named set of approvers. */
export interface Role {
  readonly people: readonly string[];
  readonly groups: readonly string[];
  /** Whoever is on duty there belongs to it. */
  readonly schedules: readonly string[];
}

/** Who is asked, by what the call is about. The first tier that covers the call counts; one always does (the last has no bound). */
export interface Route {
  readonly tiers: readonly RouteTier[];
  readonly escalations: readonly { readonly afterMs: number; readonly who: readonly Who[] }[];
  readonly expireMs: number | null;
  readonly assurance: Assurance | null;
  readonly urgent: boolean;
}

export interface RouteTier {
  /** Ten-thousandths: covers amounts strictly below. A call without an amount is covered by no tier that has this. */
  readonly below: number | null;
  /** Only amounts in these currencies, as the call says. `null`: any. */
  readonly currencies: readonly string[] | null;
  /** Only these environments, classes of data, effects. `null`: any; one that is not known is covered by no list. */
  readonly environments: readonly string[] | null;
  readonly dataClasses: readonly DataClass[] | null;
  readonly effects: readonly ToolEffect[] | null;
  /** `null`: goes on by itself, on the operator's word in the configuration. */
  readonly ask: string | null;
}

/** On-call duty: people in turn, each for one turn, from `startMs` on. */
export interface Schedule {
  readonly timezone: string;
  readonly people: readonly string[];
  readonly turn: 'day' | 'week';
  /** Local date (YYYY-MM-DD) and time (HH:MM) of the first handover. */
  readonly start: { readonly date: string; readonly time: string };
  /** Local weekdays (1 is Monday) and hours in which anybody is on duty; `null`: always. */
  readonly hours: { readonly weekdays: readonly number[]; readonly from: string; readonly to: string } | null;
}

export interface Away {
  readonly person: string;
  readonly deputy: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Local times in which messages wait, unless the request is urgent. */
export interface QuietHours {
  readonly timezone: string;
  readonly from: string;
  readonly to: string;
}

/** What a route looks at. */
export interface AskFacts {
  readonly amount: number | null;
  /** Left out: not known. */
  readonly currency?: string | null;
  readonly environment: string | null;
  readonly dataClass: DataClass | null;
  readonly effect: ToolEffect | null;
}
