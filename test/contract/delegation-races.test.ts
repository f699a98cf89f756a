import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Stores } from '../../src/ports/stores.ts';
import {
  ACCESS_TOKEN,
  bringWorkload,
  ISSUER,
  idJag,
  redeem,
  TOKEN_EXCHANGE,
  trustedIssuer,
  WORKLOAD,
  workloadToken,
} from '../attack/foreign-world.ts';
import { agentNamed, askToken, assertionFor, keyPair, openWorld, type World } from '../attack/token-world.ts';
import { GROUNDS, type Ground, type Location, open } from './stores-fixture.ts';

const FIFTY = Array.from({ length: 50 });

/** Two gateways on one store, told apart by nothing but their connection to it; the second is opened again, as after a restart. */
describe.each(GROUNDS)('fifty redemptions at once on $name', ({ start }) => {
  let ground: Ground;
  let location: Location;
  let stores: Stores[] = [];
  let world: World;

  beforeAll(async () => {
    ground = await start();
    location = await ground.place();
    stores = [await open(location), await open(location)];
  });
  afterAll(async () => {
    for (const one of stores) await one.close();
    await ground.stop();
  });
  beforeEach(async () => {
    let turn = 0;
    const replay = {
      claim: (id: string, expiresAtMs: number) => stores[turn++ % 2]!.replay.claim(id, expiresAtMs),
      prune: async () => 0,
    };
    world = await openWorld({ replay });
    world.nowMs = Date.now();
    return () => world.close();
  });

  async function oneOf(ask: () => Promise<{ status: number }>): Promise<void> {
    const answers = await Promise.all(FIFTY.map(ask));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    await stores[1]!.close();
    stores[1] = await open(location);
    const after = await Promise.all([ask(), ask()]);
    expect(after.filter(({ status }) => status === 200)).toEqual([]);
  }

  it('of a workload token: one is good, also after a restart', async () => {
    const { pair, issuer } = await trustedIssuer();
    world.issuers = [issuer];
    world.agents = new Map([
      ['buyer', agentNamed('buyer', [], { workloads: [{ issuer: ISSUER, subject: WORKLOAD }] })],
    ]);
    const token = await workloadToken(world, { pair });
    await oneOf(() => bringWorkload(world, token));
  });

  it('of an ID-JAG: one is good, also after a restart', async () => {
    const { pair, issuer } = await trustedIssuer();
    world.issuers = [issuer];
    const grant = await idJag(world, { pair });
    await oneOf(() => redeem(world, grant));
  });

  it('of a token that may be handed on once: one is good, also after a restart', async () => {
    const other = await keyPair();
    world.agents = new Map([...world.agents, ['other', agentNamed('other', [other.publicJwk])]]);
    world.connections = [
      {
        ...{ id: 'c', from: 'buyer', to: 'other', scopes: null, initiators: ['user', 'machine'], maxDepth: null },
        ...{ requiresTask: false, hours: null, notAfterMs: null, createdBy: 'ada', createdAtMs: 0 },
      },
    ];
    const details = JSON.stringify([{ type: 'agent_delegation', max_uses: 1 }]);
    const token = await askToken(world, await assertionFor(world), { authorization_details: details });
    const claims = { iss: 'other', sub: 'other' };
    const fields = { subject_token: token.json.access_token as string, subject_token_type: ACCESS_TOKEN };
    await oneOf(async () =>
      askToken(world, await assertionFor(world, { claims, pair: other }), { grant_type: TOKEN_EXCHANGE, ...fields }),
    );
  });
});
