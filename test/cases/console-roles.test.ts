import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleWorld, openConsoleWorld } from '../console/world.ts';

let world: ConsoleWorld;
beforeAll(async () => {
  world = await openConsoleWorld();
});
afterAll(() => world?.close());

describe('who may do what in the console', () => {
  it('says who is signed in, and what they may do', async () => {
    const viewer = await world.person('viewer');
    const me = await viewer.api('GET', '/v1/me');
    expect(me.status, me.text).toBe(200);
    expect(me.json).toMatchObject({ id: 'viewer', roles: ['viewer'], permissions: ['self', 'read', 'approvals.read'] });
    expect((await viewer.api('GET', '/v1/agents')).status).toBe(200);
    const stop = await viewer.api('POST', '/v1/locks', { target: 'agent:buyer', tier: 'pause', reason: 'x' });
    expect(stop.status, stop.text).toBe(403);
    const operator = await world.person('operator');
    const stopped = await operator.api('POST', '/v1/locks', { target: 'agent:buyer', tier: 'pause', reason: 'x' });
    expect(stopped.status, stopped.text).toBe(200);
    expect((await world.send({ method: 'GET', path: '/console/api/v1/me' })).status).toBe(401);
  });
});
