import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { httpUpstream } from '../../src/adapters/upstream/http.ts';
import { openSession } from '../contract/upstream/session.ts';
import { BROKEN, compareServers, table } from './compare.ts';
import { passing } from './record.ts';
import type { Requirements } from './run.ts';
import { type Running, startCurrent, startGatewayBefore, startOfficial } from './servers.ts';

/** How many checks of each scenario pass without a gateway: a server that quietly passes less would make the comparison worthless. */
const DIRECT = JSON.parse(readFileSync(join(import.meta.dirname, 'direct.json'), 'utf8')) as Record<
  string,
  Record<string, number>
>;

/** What the gateway itself answers for, in front of any server. */
const DEMANDED: Readonly<Record<Requirements, readonly string[]>> = {
  '2025-11-25': ['dns-rebinding-protection'],
  '2026-07-28': ['dns-rebinding-protection', 'http-header-validation'],
};

/**
 * The official server has none of the scenarios' tools and says so in a tool result, which these two take for an answer and the
 * third for a stream. The protocol's own answer to an unknown tool is an error (2025-11-25 "Tools", Error Handling), and so is the
 * gateway's.
 */
const WITHOUT_TOOLS = ['tools-call-simple-text', 'tools-call-error', 'server-sse-polling'];

const SERVERS: readonly (readonly [string, () => Promise<Running>, readonly string[]])[] = [
  ['official', startOfficial, WITHOUT_TOOLS],
  ['current', startCurrent, []],
];

describe.each(SERVERS)('in front of the %s server', (name, start, vacuous) => {
  it.each(['2025-11-25', '2026-07-28'] as const)(
    'what passes of %s directly passes through the gateway',
    { timeout: 180_000 },
    async (requirements) => {
      const server = await start();
      const gateway = await startGatewayBefore(server.url);
      try {
        const options = {
          directUrl: server.url,
          gatewayUrl: gateway.url,
          requirements,
          demanded: DEMANDED[requirements],
          vacuous,
        };
        const { direct, through, findings } = await compareServers(options);
        const broken = findings.filter(({ kind }) => BROKEN.has(kind));
        expect(broken, table(direct, through, findings)).toEqual([]);
        expect(passing(direct)).toEqual(DIRECT[`${name} ${requirements}`]);
      } finally {
        await gateway.stop();
        await server.stop();
      }
    },
  );
});

it('the official server has none of the tools whose absence is set aside', async () => {
  const official = await startOfficial();
  const upstream = httpUpstream({ id: 'official', url: official.url });
  try {
    const { send } = await openSession(upstream, 'legacy');
    const { response } = await send('tools/list');
    const names = (response as unknown as { result: { tools: { name: string }[] } }).result.tools.map(
      ({ name }) => name,
    );
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => name.startsWith('test_'))).toEqual([]);
  } finally {
    await upstream.close();
    await official.stop();
  }
});
