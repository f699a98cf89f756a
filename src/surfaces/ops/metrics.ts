import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Meters } from '../../gateway/gateway.ts';

export interface Readings {
  readonly sessions: () => number;
  readonly revocation: () => { readonly epoch: number; readonly ageMs: number };
  readonly journal: () => { readonly size: number; readonly queuedRecords: number; readonly ok: boolean };
}

export interface Metrics extends Omit<Meters, 'asked'> {
  text(): Promise<string>;
}

/** Prometheus metrics. Labels are bounded: configured servers, mapped methods, stable codes; never agent or tool names. */
export function openMetrics(readings: () => Readings | null): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const calls = new Counter({
    name: 'interlock_calls_total',
    help: 'Calls by how they ended.',
    labelNames: ['server', 'action', 'effect', 'code'],
    registers,
  });
  const seconds = new Histogram({
    name: 'interlock_call_duration_seconds',
    help: 'From arrival to answer, upstream included.',
    labelNames: ['effect'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120],
    registers,
  });
  const inFlight = new Gauge({ name: 'interlock_calls_in_flight', help: 'Calls under way.', registers });
  const gauge = (name: string, help: string, read: (r: Readings) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const now = readings();
        if (now !== null) this.set(read(now));
      },
    });
  gauge('interlock_sessions', 'Open client sessions.', (r) => r.sessions());
  gauge('interlock_lock_epoch', 'Epoch of the kill switch view.', (r) => r.revocation().epoch);
  gauge(
    'interlock_lock_view_age_seconds',
    'Since the kill switch view was last verified.',
    (r) => r.revocation().ageMs / 1000,
  );
  gauge('interlock_journal_records', 'Durable records, ever.', (r) => r.journal().size);
  gauge('interlock_journal_queued_records', 'Records waiting for the disk.', (r) => r.journal().queuedRecords);
  gauge('interlock_journal_ok', '1 while the journal takes records.', (r) => (r.journal().ok ? 1 : 0));
  return {
    finished({ server, action, effect, code, totalUs }) {
      calls.inc({ server, action, effect, code });
      seconds.observe({ effect }, totalUs / 1_000_000);
    },
    inFlight: (delta) => inFlight.inc(delta),
    text: () => registry.metrics(),
  };
}
