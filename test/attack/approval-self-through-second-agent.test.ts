import { randomUUID } from 'node:crypto';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import {
  type ApprovalWorld,
  answerAs,
  begin,
  openApprovalWorld,
  order,
  type SignedIn,
} from '../people/approvals-world.ts';
import { type KeyPair, keyPair } from './token-world.ts';

/** HU4: whoever starts an action does not approve it for others, through however many agents it comes. */
let world: ApprovalWorld;
let bob: SignedIn;
const keys = new Map<string, KeyPair>();
beforeAll(async () => {
  const agentExtra: Record<string, string> = {};
  for (const agent of ['runner', 'buyer']) {
    keys.set(agent, await keyPair());
    agentExtra[agent] = `    keys: [${JSON.stringify(keys.get(agent)!.publicJwk)}]\n`;
  }
  world = await openApprovalWorld({ agentExtra });
  bob = await world.person('bob');
});
afterAll(() => world?.close());

async function token(agent: string, fields: Record<string, string>): Promise<string> {
  const { privateKey, publicJwk, alg } = keys.get(agent)!;
  const nowS = Math.floor(systemClock.nowMs() / 1000);
  const claims = { iss: agent, sub: agent, aud: `${world.origin}/oauth/token`, iat: nowS, exp: nowS + 60 };
  const assertion = await new SignJWT({ ...claims, jti: randomUUID() })
    .setProtectedHeader({ alg, kid: publicJwk.kid })
    .sign(privateKey);
  const body = new URLSearchParams({
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    ...{ client_assertion: assertion, ...fields },
  });
  const answer = await fetch(`${world.origin}/oauth/token`, { method: 'POST', body });
  return ((await answer.json()) as { access_token: string }).access_token;
}

async function refusedTo(id: string): Promise<void> {
  const page = await bob.browser.get(`/approvals/${id}`);
  expect(page.text).toContain('does not approve it for others');
  expect(page.text).not.toContain('value="approved"');
  const wanted = { verdict: 'approved', reason: '', saw: /name="saw" value="([^"]+)"/.exec(page.text)?.[1] ?? '' };
  const options = await bob.browser.json(`/approvals/${id}/sign/options`, wanted);
  expect([options.status, JSON.parse(options.text).challenge]).toEqual([409, undefined]);
  expect((await begin(bob, id)).status).toBe(409);
  expect((await world.row(id)).answers).toEqual([]);
}

describe('an action of one’s own', () => {
  it('is not approved by the owner of the agent as one of a group', async () => {
    const { id, result } = await world.park('runner', order(6_000));
    await refusedTo(id);
    for (const each of ['carol', 'dora']) expect((await answerAs(await world.person(each), id)).status).toBe(200);
    expect((await result).isError ?? false).toBe(false);
  });

  it('nor where another agent, of somebody else, does it for theirs', async () => {
    await world.admin('POST', '/v1/connections', { by: 'bob', reason: 'case', from: 'runner', to: 'buyer' });
    const own = await token('runner', { grant_type: 'client_credentials', scope: 'erp:all' });
    const handedOn = await token('buyer', {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: own,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'erp:all',
    });
    const client = new Client({ name: 'case', version: '1' });
    const headers = { authorization: `Bearer ${handedOn}` };
    await client.connect(
      new StreamableHTTPClientTransport(new URL('/mcp/erp', world.origin), { requestInit: { headers } }),
    );
    const result = client.callTool(order(6_001));
    result.catch(() => {});
    const { id } = await world.pending();
    const row = await world.row(id);
    expect([row.agent, [...row.requirement.starters].sort()]).toEqual(['buyer', ['alice', 'bob']]);
    await refusedTo(id);
    expect((await answerAs(await world.person('carol'), id)).status).toBe(200);
    // One of two is not enough, and Bob is not the second.
    await refusedTo2(id);
    await client.close();
  });
});

async function refusedTo2(id: string): Promise<void> {
  expect((await begin(bob, id)).status).toBe(409);
  expect(await world.row(id)).toMatchObject({ state: 'pending', answers: [{ person: 'carol' }] });
}
