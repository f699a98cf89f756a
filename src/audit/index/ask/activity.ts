import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Activity } from '../../../model/insight/agents.ts';
import { HOUR_MS } from '../fill/tally.ts';

const DAY_HOURS = 24;
const USUAL_DAYS = 14;
/** Fewer days say nothing about what is usual. */
const MIN_DAYS = 3;
const MAX_TOOLS = 20;

export interface LastActivity {
  readonly lastCallAtMs: number | null;
  /** In the hour under way and the 23 before it. */
  readonly calls24h: number;
}

interface Counts {
  permitted: number;
  asked: number;
  denied: number;
}

/** What agents did, by the hour: from sums, so that it costs the same however many records there are. */
export class ActivitySums {
  readonly #agent: StatementSync;
  readonly #hour: StatementSync;
  readonly #active: StatementSync;
  readonly #oldest: StatementSync;

  constructor(database: DatabaseSync) {
    this.#agent = database.prepare('select id, last_ms from agent where name = ?');
    this.#hour = database.prepare(
      'select permitted, asked, denied, server, target from used join tool on tool.id = used.tool where hour = ? and agent = ?',
    );
    // What the gateway itself lists at servers is recorded under its own name; it is no agent of anybody's.
    this.#active = database.prepare("select count(*) as n from agent where last_ms > ? and name <> 'interlock'");
    this.#oldest = database.prepare('select hour from used order by hour limit 1');
  }

  lastOf(names: readonly string[], nowMs: number): Record<string, LastActivity> {
    const found: Record<string, LastActivity> = Object.create(null);
    const hour = Math.floor(nowMs / HOUR_MS);
    for (const name of names) {
      const row = this.#agent.get(name);
      if (row === undefined) continue;
      const lastCallAtMs = Number(row.last_ms);
      let calls24h = 0;
      // Most of a large company's agents are quiet most of the day.
      const lastHour = Math.min(hour, Math.floor(lastCallAtMs / HOUR_MS));
      for (let at = hour - DAY_HOURS + 1; at <= lastHour; at++) {
        const counts = this.#countsOf(Number(row.id), at);
        calls24h += counts.permitted + counts.asked + counts.denied;
      }
      found[name] = { lastCallAtMs, calls24h };
    }
    return found;
  }

  activeSince(atMs: number): number {
    return Number(this.#active.get(atMs)?.n ?? 0);
  }

  of(name: string, at: { readonly nowMs: number; readonly hours: number }): Activity {
    const last = Math.floor(at.nowMs / HOUR_MS);
    const first = last - at.hours + 1;
    const row = this.#agent.get(name);
    const id = row === undefined ? -1 : Number(row.id);
    const tools = new Map<string, Activity['tools'][number]>();
    const hours = Array.from({ length: at.hours }, (_, i) => this.#countsOf(id, first + i, tools));
    const byCalls = [...tools.values()].toSorted((a, b) => b.calls - a.calls);
    return {
      fromMs: first * HOUR_MS,
      stepMs: HOUR_MS,
      permitted: hours.map(({ permitted }) => permitted),
      asked: hours.map(({ asked }) => asked),
      denied: hours.map(({ denied }) => denied),
      usual: this.#usual(id, { first, hours: at.hours }),
      tools: byCalls.slice(0, MAX_TOOLS),
    };
  }

  /** The mean of that hour of the day, over the days before the first. */
  #usual(id: number, { first, hours }: { readonly first: number; readonly hours: number }): readonly number[] | null {
    const oldest = Number(this.#oldest.get()?.hour ?? first);
    const days = Math.min(USUAL_DAYS, Math.floor((first - oldest) / DAY_HOURS));
    if (days < MIN_DAYS) return null;
    const sums = new Array<number>(DAY_HOURS).fill(0);
    for (let hour = first - days * DAY_HOURS; hour < first; hour++) {
      const { permitted, asked, denied } = this.#countsOf(id, hour);
      sums[hour % DAY_HOURS] = (sums[hour % DAY_HOURS] ?? 0) + permitted + asked + denied;
    }
    return Array.from(
      { length: hours },
      (_, i) => Math.round(((sums[(first + i) % DAY_HOURS] ?? 0) / days) * 100) / 100,
    );
  }

  #countsOf(id: number, hour: number, tools?: Map<string, Activity['tools'][number]>): Counts {
    const sum: Counts = { permitted: 0, asked: 0, denied: 0 };
    for (const row of this.#hour.all(hour, id)) {
      const [permitted, asked, denied] = [Number(row.permitted), Number(row.asked), Number(row.denied)];
      sum.permitted += permitted;
      sum.asked += asked;
      sum.denied += denied;
      if (tools === undefined) continue;
      const [server, target] = [String(row.server), String(row.target)];
      const key = JSON.stringify([server, target]);
      const before = tools.get(key) ?? { server, target, calls: 0, denied: 0 };
      const calls = before.calls + permitted + asked + denied;
      tools.set(key, { server, target, calls, denied: before.denied + denied });
    }
    return sum;
  }
}
