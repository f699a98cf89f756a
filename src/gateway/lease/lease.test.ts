import { describe, expect, it } from 'vitest';
import { UpstreamFault } from '../../model/fault.ts';
import type { Gateway } from '../gateway.ts';
import { lease, stoppedHere } from './lease.ts';

/** What a lease needs of the path, and what it did. */
function call({ name = 'tools/call', asks = true } = {}) {
  const ended: string[] = [];
  const minted: unknown[] = [];
  const errors: unknown[] = [];
  const state = { stop: null as { code: 'killed'; lock: null } | null, fails: false };
  const gateway = {
    journal: { vkey: 'gate.example+01020304+AAAA+BBBB' },
    log: { error: (fields: object) => errors.push(fields) },
  } as unknown as Gateway;
  const actions = {
    ...{ server: 'shop', audience: 'urn:shop', jkt: 'a'.repeat(43) },
    mint: (request: unknown) => {
      minted.push(request);
      return { jti: 'id-1', expiresAtMs: 5, headers: [], meta: {} };
    },
    end: async (jti: string) => {
      if (state.fails) throw new Error('the store is away');
      ended.push(jti);
    },
  };
  const chain = [
    { id: 'buyer', kind: 'agent' },
    { id: 'planner', kind: 'agent' },
  ];
  const trace = {
    ...{ call: 'call-1', approval: 'ap-1', approvedBy: ['alice'], lease: null },
    attempt: {
      server: { actions: asks ? actions : null },
      action: { name, target: { kind: 'tool', name: 'buy' }, args: { a: 1 }, digest: 'd' },
      caller: { agent: { id: 'buyer' }, subject: 'alice', chain, txn: 't', taskId: null, tasks: [], credential: null },
    },
  } as never;
  const entry = { again: () => state.stop } as never;
  const permit = { seq: 9 } as never;
  return { ended, minted, errors, state, gateway, trace, leasing: { entry, permit } };
}

describe('the lease of one call (requirement CR3)', () => {
  it('is made once, from what was decided and recorded', () => {
    const { gateway, trace, leasing, minted } = call();
    const made = lease(gateway, trace, leasing)!;
    expect(made.jti).toBeNull();
    made.present();
    expect(made.jti).toBe('id-1');
    expect(minted).toMatchObject([
      {
        identity: { sub: 'alice', act: { sub: 'buyer', act: { sub: 'planner' } }, aud: 'urn:shop', txn: 't' },
        details: {
          tool: 'buy',
          approval: 'ap-1',
          approvedBy: ['alice'],
          intent: { journal: 'gate.example+01020304', seq: 9 },
        },
      },
    ]);
    expect(() => made.present()).toThrow('a second credential');
  });

  it('is none where the server asks for none, or no tool is called', () => {
    for (const how of [{ asks: false }, { name: 'resources/read' }]) {
      const { gateway, trace, leasing } = call(how);
      expect(lease(gateway, trace, leasing)).toBeNull();
    }
  });

  it('makes nothing for a call that was stopped after its record', () => {
    const { gateway, trace, leasing, state, minted } = call();
    const made = lease(gateway, trace, leasing)!;
    state.stop = { code: 'killed', lock: null };
    expect(() => made.present()).toThrow(UpstreamFault);
    expect(minted).toEqual([]);
  });

  it('knows while the call is waited for whether it may still begin', () => {
    const { gateway, trace, leasing, state, ended } = call();
    const made = lease(gateway, trace, leasing)!;
    expect(stoppedHere(gateway, 'id-1')).toBeUndefined();
    made.present();
    expect(stoppedHere(gateway, 'id-1')).toBeNull();
    state.stop = { code: 'killed', lock: null };
    expect(stoppedHere(gateway, 'id-1')).toMatchObject({ code: 'killed' });
    made.over(true);
    expect([stoppedHere(gateway, 'id-1'), ended]).toEqual([undefined, []]);
  });

  it('is ended with a call that got no answer; a store that is away is said', async () => {
    for (const fails of [false, true]) {
      const { gateway, trace, leasing, state, ended, errors } = call();
      state.fails = fails;
      const made = lease(gateway, trace, leasing)!;
      made.over(false);
      made.present();
      made.over(false);
      await new Promise((done) => setImmediate(done));
      expect([ended, errors.length]).toEqual([fails ? [] : ['id-1'], fails ? 1 : 0]);
    }
  });
});
