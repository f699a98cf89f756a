import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import {
  type ApprovalRequest,
  type Approvals,
  type ApprovalsOptions,
  openApprovals,
} from '../../src/approvals/approvals.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { GROUNDS, type Ground, type Location, open } from './stores-fixture.ts';

const never = new AbortController().signal;
const yes = { state: 'approved', by: 'eve', reason: 'fine' } as const;
const no = { state: 'denied', by: 'eve', reason: 'too much' } as const;

function request(over: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    call: 'call-1',
    agent: 'buyer',
    session: 's1',
    digest: 'd1',
    askWhom: ['owner'],
    summary: { action: 'orders.create', amount: 900 },
    ttlMs: 60_000,
    ...over,
  };
}

/** Asks, and tells when the request is in the store and waited for. */
async function park(
  approvals: Approvals,
  of = request(),
): Promise<{ id: string; outcome: ReturnType<Approvals['ask']> }> {
  let outcome: ReturnType<Approvals['ask']> | undefined;
  const id = await new Promise<string>((resolve, reject) => {
    outcome = approvals.ask(of, never, resolve);
    outcome.catch(reject);
  });
  return { id, outcome: outcome as ReturnType<Approvals['ask']> };
}

describe.each(GROUNDS)('approvals on $name', ({ start }) => {
  let ground: Ground;
  let location: Location;
  const opened: { approvals: Approvals; stores: Stores }[] = [];
  /** One gateway process, as far as approvals are concerned. */
  const gateway = async (options: Partial<ApprovalsOptions> = {}): Promise<Approvals> => {
    const stores = await open(location);
    const approvals = openApprovals({ store: stores.approvals, clock: systemClock, waitMs: 10_000, ...options });
    opened.push({ approvals, stores });
    return approvals;
  };
  const closeAll = async (): Promise<void> => {
    for (const { approvals, stores } of opened.splice(0)) {
      approvals.close();
      await stores.close();
    }
  };

  beforeAll(async () => {
    ground = await start();
  });
  afterAll(() => ground?.stop());
  beforeEach(async () => {
    location = await ground.place();
  });
  afterEach(closeAll);

  it('wait for the answer of one person and say whose it was', async () => {
    const approvals = await gateway();
    const asked = await park(approvals);
    const [shown] = await approvals.list({ state: 'pending', limit: 10 });
    expect(shown).toMatchObject({ id: asked.id, agent: 'buyer', session: 's1', digest: 'd1', askWhom: ['owner'] });
    expect(JSON.parse(shown?.request ?? '')).toEqual({
      call: 'call-1',
      summary: { action: 'orders.create', amount: 900 },
    });
    expect(await approvals.answer(asked.id, yes)).toBe(true);
    expect(await asked.outcome).toEqual({ outcome: 'approved', id: asked.id, by: 'eve' });
    expect((await approvals.get(asked.id))?.state).toBe('consumed');
    expect(await approvals.answer(asked.id, no)).toBe(false);
  });

  it('tell a denial with its reason, and tell it again to whoever retries', async () => {
    const approvals = await gateway();
    const asked = await park(approvals);
    await approvals.answer(asked.id, no);
    const denied = { outcome: 'denied', id: asked.id, by: 'eve', reason: 'too much' };
    expect(await asked.outcome).toEqual(denied);
    expect(await approvals.ask(request({ call: 'call-2' }), never)).toEqual(denied);
    expect(await approvals.list({ state: 'pending', limit: 10 })).toEqual([]);
  });

  it('reach a call that waits in another process, well before any poll would', async () => {
    const [here, there] = [await gateway(), await gateway()];
    const asked = await park(here);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const beganUs = systemClock.monotonicUs();
    await there.answer(asked.id, yes);
    expect(await asked.outcome).toMatchObject({ outcome: 'approved', by: 'eve' });
    expect((systemClock.monotonicUs() - beganUs) / 1000).toBeLessThan(800);
  });

  it('send a call home when nobody answers in time, and wait for it', async () => {
    const approvals = await gateway({ waitMs: 30 });
    const first = await approvals.ask(request(), never);
    expect(first).toEqual({ outcome: 'pending', id: expect.any(String) });
    await approvals.answer(first.id, yes);
    expect(await approvals.ask(request({ call: 'retry' }), never)).toEqual({
      outcome: 'approved',
      id: first.id,
      by: 'eve',
    });
    expect((await approvals.ask(request({ call: 'third' }), never)).id).not.toBe(first.id);
  });

  it('survive a restart: the client comes back to the same request and its answer', async () => {
    const before = await gateway({ waitMs: 20 });
    const { id } = await before.ask(request(), never);
    await closeAll();
    const after = await gateway({ waitMs: 20 });
    expect(await after.ask(request(), never)).toEqual({ outcome: 'pending', id });
    await after.answer(id, yes);
    await closeAll();
    const last = await gateway({ waitMs: 20 });
    expect(await last.ask(request(), never)).toEqual({ outcome: 'approved', id, by: 'eve' });
  });

  it('let exactly one of fifty calls through for one approval, over two processes', async () => {
    const [here, there] = [await gateway({ waitMs: 1_500 }), await gateway({ waitMs: 1_500 })];
    const ids = new Set<string>();
    const asks = Array.from({ length: 50 }, (_, i) =>
      (i % 2 === 0 ? here : there).ask(request({ call: `call-${i}` }), never, (id) => ids.add(id)),
    );
    while (ids.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const [id] = ids;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([...ids]).toEqual([id]);
    await here.answer(id as string, yes);
    const outcomes = await Promise.all(asks);
    expect(outcomes.filter((each) => each.outcome === 'approved')).toEqual([{ outcome: 'approved', id, by: 'eve' }]);
    const rest = outcomes.filter((each) => each.outcome !== 'approved');
    expect(rest.every((each) => each.outcome === 'pending' && each.id !== id)).toBe(true);
    // All who lost wait for one new request: the person is asked once more, not forty-nine times.
    expect(new Set(rest.map((each) => each.id)).size).toBe(1);
    expect(await here.list({ state: 'pending', limit: 100 })).toHaveLength(1);
  });

  it('are good for the exact action only: another digest, agent or session never uses one up', async () => {
    const approvals = await gateway({ waitMs: 20 });
    const { id } = await approvals.ask(request(), never);
    await approvals.answer(id, yes);
    for (const over of [{ digest: 'd2' }, { agent: 'thief' }, { session: 's2' }, { session: null }]) {
      const outcome = await approvals.ask(request(over), never);
      expect(outcome).toMatchObject({ outcome: 'pending' });
      expect(outcome.id).not.toBe(id);
    }
    expect((await approvals.get(id))?.state).toBe('approved');
    expect(await approvals.ask(request(), never)).toMatchObject({ outcome: 'approved', id });
  });

  it('expire: unanswered while waited for, and approved but not used', async () => {
    const approvals = await gateway({ sweepMs: 20 });
    expect(await approvals.ask(request({ ttlMs: 60 }), never)).toMatchObject({ outcome: 'expired' });
    const asked = await (await gateway({ waitMs: 10 })).ask(request({ digest: 'd2', ttlMs: 150 }), never);
    expect(await approvals.answer(asked.id, yes)).toBe(true);
    while ((await approvals.get(asked.id))?.state !== 'expired')
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await approvals.answer(asked.id, yes)).toBe(false);
    const anew = await (await gateway({ waitMs: 10 })).ask(request({ digest: 'd2' }), never);
    expect(anew).toMatchObject({ outcome: 'pending' });
    expect(anew.id).not.toBe(asked.id);
  });

  it('stop waiting when the call is aborted, and keep the request for a retry', async () => {
    const approvals = await gateway();
    const stopped = new AbortController();
    let parked = '';
    const asked = approvals.ask(request(), stopped.signal, (id) => {
      parked = id;
      stopped.abort(new Error('halted'));
    });
    await expect(asked).rejects.toThrow('halted');
    await expect(approvals.ask(request(), stopped.signal)).rejects.toThrow('halted');
    expect((await approvals.get(parked))?.state).toBe('pending');
    expect((await park(approvals)).id).toBe(parked);
  });

  it('take no more unanswered requests of one agent than the limit, and no request too large to show', async () => {
    const approvals = await gateway({ waitMs: 0, maxPendingPerAgent: 2, maxRequestBytes: 1_000 });
    await approvals.ask(request({ digest: '1' }), never);
    await approvals.ask(request({ digest: '2' }), never);
    await expect(approvals.ask(request({ digest: '3' }), never)).rejects.toMatchObject({ code: 'overloaded' });
    expect(await approvals.ask(request({ digest: '2' }), never)).toMatchObject({ outcome: 'pending' });
    expect(await approvals.ask(request({ digest: '3', agent: 'other' }), never)).toMatchObject({ outcome: 'pending' });
    const large = request({ agent: 'other', digest: '4', summary: { text: 'x'.repeat(1_000) } });
    await expect(approvals.ask(large, never)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('send everybody home when the process stops, and an answer without a name is none', async () => {
    const approvals = await gateway();
    const asked = await park(approvals);
    await expect(approvals.answer(asked.id, { ...yes, by: ' ' })).rejects.toMatchObject({ code: 'invalid-params' });
    approvals.close();
    expect(await asked.outcome).toEqual({ outcome: 'pending', id: asked.id });
  });
});
