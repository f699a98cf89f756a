import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../adapters/clock.ts';
import type { Beside, Heard } from '../../../gateway/gateway.ts';
import { ShadowSeat } from './shadow.ts';

const draft = { id: 'd-1', state: 'open', revision: 1, files: [], base: 'v1' };
const warn = vi.fn();

const append = vi.fn(async () => ({ seq: 0 }));
const memory = { read: async () => null, keep: vi.fn(async () => {}), forget: vi.fn(async () => {}) };

function seatWith(more: object = {}): { seat: ShadowSeat; beside: Beside } {
  const beside: Beside = { hear: null };
  const world = { agents: [], people: [], servers: [], tools: [] };
  const seat = new ShadowSeat({
    memory,
    ...{ beside, clock: systemClock, journal: { append } as never },
    live: { world: () => world, policies: { version: 'v1' }, onChange: () => {} } as never,
    store: { draft: async () => draft } as never,
    log: { warn, error: vi.fn() } as never,
    ...more,
  });
  return { seat, beside };
}

async function seated(): Promise<{ seat: ShadowSeat; beside: Beside }> {
  const { seat, beside } = seatWith();
  await seat.begin({ draft: 'd-1', by: 'alice', reason: 'to see' });
  return { seat, beside };
}

describe('a draft beside the policies', () => {
  it('that fails on a call harms nobody, is told once, and goes on', async () => {
    const { seat, beside } = await seated();
    const session = { toolsCalled: new Set<string>() };
    const broken = { call: 'c', input: { session, nowMs: 1, caller: null }, decision: { policyVersion: 'v1' } };
    for (let turn = 0; turn < 2; turn++) {
      beside.hear?.(broken as unknown as Heard);
      await sleep(20);
    }
    // Vitest fails a run in which a rejection is handled by nobody, and so would the gateway.
    expect(seat.shadow).toMatchObject({ decisions: 0, dropped: 2 });
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('that was ended does not come back after a start, though its end could not be recorded', async () => {
    const { seat } = await seated();
    append.mockRejectedValueOnce(new Error('the disk is full'));
    await expect(seat.end({ by: 'alice', reason: 'seen enough' })).rejects.toThrow('the disk is full');
    expect(seat.shadow).toBeNull();
    expect(memory.forget).toHaveBeenCalledTimes(1);
  });

  it('that cannot be read at a start is not forgotten: the next start may', async () => {
    const forget = vi.fn(async () => {});
    const kept = { ...memory, read: async () => ({ draft: 'd-1', revision: 1, by: 'alice' }), forget };
    const unreachable = { draft: async () => Promise.reject(new Error('the store is unavailable')) };
    await seatWith({ memory: kept, store: unreachable }).seat.resume();
    expect(forget).not.toHaveBeenCalled();
    const { seat } = seatWith({ memory: kept, store: { draft: async () => ({ ...draft, revision: 2 }) } });
    await seat.resume();
    expect([seat.shadow, forget.mock.calls.length]).toEqual([null, 1]);
    await seatWith({ memory: kept }).seat.resume();
    expect(forget).toHaveBeenCalledTimes(1);
  });
});
