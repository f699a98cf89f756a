import pg from 'pg';
import type { Clock } from '../../../ports/clock.ts';
import type { Topic } from '../queries/schema.ts';
import type { Bells } from './bells.ts';

const CHANNELS: Readonly<Record<Topic, string>> = {
  locks: 'interlock_locks',
  approvals: 'interlock_approvals',
  notices: 'interlock_notices',
  directory: 'interlock_directory',
  revoked: 'interlock_revoked',
  secrets: 'interlock_secrets',
  policies: 'interlock_policies',
  relations: 'interlock_relations',
};
const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2_000;
/** A connection nothing comes from may be dead without knowing: it is asked this often, and must answer in that time. */
const PROBE_MS = 1_000;
const PROBE_ANSWER_MS = 2_000;

export function channelOf(topic: Topic): string {
  return CHANNELS[topic];
}

export interface Listener {
  /** Resolves when LISTEN is in force for the first time; rejects when the first attempt fails. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/**
 * A connection of its own for NOTIFY, opened again whenever it is lost. After every (re)connection all bells ring, because
 * what was announced in between is lost: a notification is a doorbell, the epochs are the truth.
 */
export function listen(config: pg.ClientConfig, bells: Bells, clock: Clock): Listener {
  const state = { closed: false, client: null as pg.Client | null, pauseMs: MIN_PAUSE_MS };
  let timer: NodeJS.Timeout | undefined;

  const connect = async (): Promise<void> => {
    const client = new pg.Client({ ...config, query_timeout: PROBE_ANSWER_MS });
    const lost = (): void => {
      if (state.client !== client) return;
      state.client = null;
      client.end().catch(() => {});
      again();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ channel }) => {
      for (const topic of Object.keys(CHANNELS) as Topic[]) if (CHANNELS[topic] === channel) bells.ring(topic);
    });
    try {
      await client.connect();
      await client.query(
        Object.values(CHANNELS)
          .map((channel) => `listen ${channel}`)
          .join(';'),
      );
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
    if (state.closed) return void client.end().catch(() => {});
    state.client = client;
    state.pauseMs = MIN_PAUSE_MS;
    bells.ringAll();
    probe(client, lost);
  };

  const again = (): void => {
    if (state.closed) return;
    timer = setTimeout(() => connect().catch(again), state.pauseMs * (0.5 + Math.random() / 2));
    timer.unref();
    state.pauseMs = Math.min(state.pauseMs * 2, MAX_PAUSE_MS);
  };

  const probe = (client: pg.Client, lost: () => void): void => {
    const ask = (): void => {
      if (state.client !== client) return;
      const startedUs = clock.monotonicUs();
      client.query('select 1').then(() => {
        timer = setTimeout(ask, Math.max(0, PROBE_MS - (clock.monotonicUs() - startedUs) / 1000));
        timer.unref();
      }, lost);
    };
    timer = setTimeout(ask, PROBE_MS);
    timer.unref();
  };

  return {
    ready: connect(),
    async close() {
      state.closed = true;
      clearTimeout(timer);
      const client = state.client;
      state.client = null;
      await client?.end().catch(() => {});
    },
  };
}
