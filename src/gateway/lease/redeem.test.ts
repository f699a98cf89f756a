import { describe, expect, it } from 'vitest';
import { actionIds, openActions } from '../../credentials/action/actions.ts';
import { newPrivateJwk, onlyKey, signingKeyOf } from '../../identity/proof/keys.ts';
import { identityClaims } from '../../identity/tokens.ts';
import { digestJson } from '../../model/canonical.ts';
import type { Lock } from '../../model/lock.ts';
import type { AdminRecord } from '../../model/record.ts';
import type { Gateway } from '../gateway.ts';
import { redeemer } from './redeem.ts';

const ISSUER = 'https://gate.example';
const AUDIENCE = 'https://shop.example/mcp';

/** A gateway of which everything redemption asks can be changed. */
async function world() {
  const privateJwk = await newPrivateJwk();
  const key = await signingKeyOf(privateJwk);
  const claimed = new Set<string>();
  const recorded: AdminRecord[] = [];
  const state = {
    nowMs: Date.UTC(2026, 9, 1, 12),
    dead: new Set<string>(),
    closedTasks: new Set<string>(),
    revoked: (_: { jti: string; grant: string | null }): boolean => false,
    locked: null as ((keys: Record<string, unknown>) => boolean) | null,
    stands: true,
    onRecord: (): void => {},
    storeFails: false,
    journalFails: false,
  };
  const replay = {
    claim: async (id: string) => {
      if (state.storeFails) throw new Error('the store is away');
      if (claimed.has(id)) return false;
      claimed.add(id);
      return true;
    },
    prune: async () => 0,
  };
  const clock = { nowMs: () => state.nowMs, monotonicUs: () => 0 };
  const keys = { ...onlyKey(key), currentPrivateJwk: () => privateJwk };
  const minting = { keys, issuer: () => ISSUER, replay, clock };
  const actions = openActions(minting).of('shop', { audience: AUDIENCE, ttlMs: 60_000, proof: true }, AUDIENCE);
  const gateway = {
    clock,
    snapshot: () => ({ servers: new Map([['shop', { id: 'shop', actions }]]) }),
    revocation: {
      enter: (keys: never) =>
        state.locked?.(keys) === true ? { ok: false, code: 'killed', lock: {} as Lock } : { ok: true, leave() {} },
    },
    journal: {
      append: async (record: AdminRecord) => {
        if (state.journalFails) throw new Error('the disk is full');
        recorded.push(record);
        state.onRecord();
      },
    },
  } as unknown as Gateway;
  const directory = {
    agent: (id: string) => ({ id, owner: `owner-of-${id}` }),
    whyNotAlive: (id: string) => (state.dead.has(id) ? 'agent-decommissioned' : null),
    whyNoSubject: (id: string) => (state.dead.has(id) ? 'person-gone' : null),
    task: (id: string) => ({ id, state: state.closedTasks.has(id) ? 'closed' : 'open' }),
  };
  const redeem = redeemer({
    ...{ gateway, keys, replay, issuer: () => ISSUER, directory: directory as never },
    isRevoked: (credential) => state.revoked(credential),
    stands: async (approval, agent) => state.stands && approval === 'ap-1' && agent === 'buyer',
  });
  const mint = (more: { approval?: string | null } = {}, by = actions) => {
    const chain = [
      { id: 'buyer', kind: 'agent' as const },
      { id: 'planner', kind: 'agent' as const },
    ];
    const who = { agentId: 'buyer', subject: 'alice', chain, txn: 't', grant: 'g', taskId: 'task-1', taskBound: true };
    const minted = by.mint({
      identity: identityClaims({ ...who, audiences: [AUDIENCE], dpopJkt: by.jkt }),
      credential: 'token-1',
      details: {
        ...{ method: 'tools/call', tool: 'buy', argumentsDigest: digestJson({}), actionDigest: digestJson('all') },
        ...{ approval: 'ap-1', approvedBy: [], intent: { journal: 'gate+01020304', seq: 1 }, ...more },
      },
    });
    return { jti: minted.jti, token: minted.headers[1] as string, proof: minted.headers[3] as string };
  };
  const again = () => openActions(minting).of('shop', { audience: AUDIENCE, ttlMs: 60_000, proof: true }, AUDIENCE);
  const elsewhere = () =>
    openActions(minting).of('shop', { audience: AUDIENCE, ttlMs: 60_000, proof: true }, 'https://x.example');
  return { state, redeem, mint, recorded, claimed, actions, again, elsewhere };
}

const no = (why: string) => ({ redeemed: false, why });

describe('redemption (requirement CR3)', () => {
  it('says yes once, and has recorded it by then', async () => {
    const { redeem, mint, recorded } = await world();
    const { jti, token, proof } = mint();
    expect(await redeem({ token, proof })).toEqual({ redeemed: true });
    expect(recorded).toMatchObject([
      {
        act: 'action.redeem',
        by: 'server:shop',
        reason: 'redeemed',
        detail: { lease: jti, agent: 'buyer', tool: 'buy' },
      },
    ]);
  });

  it('of one that was used is refused, and on record as one replay however often it comes', async () => {
    const { redeem, mint, recorded } = await world();
    const shown = mint();
    const answers = await Promise.all(Array.from({ length: 50 }, () => redeem(shown)));
    expect(answers.filter(({ redeemed }) => redeemed)).toHaveLength(1);
    for (let i = 0; i < 3; i++) expect(await redeem(shown)).toEqual(no('used'));
    expect(recorded.map(({ reason }) => reason).sort()).toEqual(['redeemed', 'used']);
  });

  it('needs the proof of the key it is bound to, made with it and for this server', async () => {
    const { redeem, mint, again, elsewhere, claimed } = await world();
    const { token, proof } = mint();
    const other = mint();
    for (const wrong of [null, other.proof, 'rubbish', mint({}, again()).proof, mint({}, elsewhere()).proof])
      expect(await redeem({ token, proof: wrong })).toEqual(no('invalid'));
    expect(await redeem(mint({}, elsewhere()))).toEqual(no('invalid'));
    // Nothing of that spent it.
    expect(claimed.size).toBe(0);
    expect(await redeem({ token, proof })).toEqual({ redeemed: true });
  });

  it('is refused for what is expired, or was signed by nobody here', async () => {
    const { redeem, mint, state } = await world();
    const shown = mint();
    const stranger = (await world()).mint();
    expect(await redeem(stranger)).toEqual(no('invalid'));
    for (const token of ['', 'a.b.c', `${shown.token}x`, shown.token.replace('.', '..')])
      expect(await redeem({ ...shown, token })).toEqual(no('invalid'));
    state.nowMs += 60_000;
    expect(await redeem(shown)).toEqual(no('expired'));
  });

  type State = Awaited<ReturnType<typeof world>>['state'];
  it.each<[string, (state: State) => void]>([
    ['its agent may not act', (state) => state.dead.add('buyer')],
    ['an agent between may not', (state) => state.dead.add('planner')],
    ['the human at the root is gone', (state) => state.dead.add('alice')],
    ['its task is closed', (state) => state.closedTasks.add('task-1')],
    ['the token it came from is revoked', (state) => (state.revoked = ({ jti }) => jti === 'token-1')],
    ['the consent is withdrawn', (state) => (state.revoked = ({ grant }) => grant === 'g')],
    ['its agent is killed', (state) => (state.locked = ({ agent }) => agent === 'buyer')],
    ['its owner is', (state) => (state.locked = ({ owner }) => owner === 'owner-of-buyer')],
    ['whoever it is for is', (state) => (state.locked = ({ user }) => user === 'alice')],
    ['an agent between is', (state) => (state.locked = ({ through }) => JSON.stringify(through).includes('planner'))],
    ['its task is killed', (state) => (state.locked = ({ tasks }) => String(tasks) === 'task-1')],
    ['the server is', (state) => (state.locked = ({ server }) => server === 'shop')],
    ['the tool is', (state) => (state.locked = ({ tool }) => tool === 'shop/buy')],
    ['its approval was taken back', (state) => (state.stands = false)],
  ])('is refused when %s, and that is on record', async (_why, change) => {
    const { redeem, mint, recorded, state } = await world();
    const shown = mint();
    change(state);
    expect(await redeem(shown)).toEqual(no('stopped'));
    expect(recorded).toMatchObject([{ act: 'action.redeem', reason: 'stopped' }]);
  });

  it('is refused when the kill comes while it is being recorded', async () => {
    const { redeem, mint, recorded, state } = await world();
    state.onRecord = () => (state.locked = () => true);
    expect(await redeem(mint())).toEqual(no('stopped'));
    expect(recorded.map(({ reason }) => reason)).toEqual(['redeemed', 'stopped']);
  });

  it('is refused when the call has ended without an answer, in whichever process', async () => {
    const { redeem, mint, actions, claimed } = await world();
    const shown = mint();
    await actions.end(shown.jti, Date.UTC(2027, 0));
    expect(claimed).toContain(actionIds.ended(shown.jti));
    expect(await redeem(shown)).toEqual(no('stopped'));
    expect(await redeem(shown)).toEqual(no('used'));
  });

  it('of what policy alone permitted asks for no approval', async () => {
    const { redeem, mint, state } = await world();
    state.stands = false;
    expect(await redeem(mint({ approval: null }))).toEqual({ redeemed: true });
  });

  it('fails closed: no store or no journal is no yes', async () => {
    for (const what of ['storeFails', 'journalFails'] as const) {
      const { redeem, mint, state } = await world();
      state[what] = true;
      await expect(redeem(mint())).rejects.toThrow();
    }
  });
});
