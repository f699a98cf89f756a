import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, type House, openHouse } from './house.ts';

let house: House;

beforeAll(async () => {
  house = await openHouse({ servers: '  tools: { command: "true" }', policies: { 'all.cedar': CONNECT } });
});
afterAll(() => house.stop());

interface Answer {
  readonly done: boolean;
  readonly made: number;
  readonly changed: number;
  readonly same: number;
  readonly refused: number;
  readonly detail?: string;
  readonly lines: readonly { line: number; id: string; what: string; reasons: string[] }[];
}

function upload(text: string, query = '', type = 'text/csv'): Promise<Answer> {
  return new Promise((done, failed) => {
    const path = `/v1/agents/import?by=bob&reason=test${query}`;
    const socketPath = house.gateway.adminSocket;
    const headers = { 'content-type': type, 'content-length': Buffer.byteLength(text) };
    const sent = request({ socketPath, method: 'POST', path, headers }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
      answer.on('end', () => done(JSON.parse(body)));
    });
    sent.on('error', failed);
    sent.end(text);
  });
}

const HEAD = 'id,owner,purpose,archetype,riskTier,scopes,clients\r\n';
const count = async () => (await house.admin<{ items: [] }>('GET', '/v1/agents?limit=1000')).body.items.length;

describe('agents in bulk (ID5)', () => {
  it('a dry run says of each line what it would do, and does nothing', async () => {
    const before = await count();
    const csv = `${HEAD}imp-a,alice,"sorts, files",homegrown,low,tools:read tools:write,https://a.example/c\r\nimp-b,nobody,x,homegrown,low,,\r\nimp-a,alice,x,homegrown,low,,\r\nimp-c,alice,x,homegrown,huge,nonsense,\r\n`;
    const dry = await upload(csv, '&dryRun=true');
    expect(dry).toMatchObject({ done: false, made: 1, refused: 3 });
    expect(dry.lines.map(({ line, what, reasons }) => [line, what, reasons.join('; ')])).toEqual([
      [2, 'make', ''],
      [3, 'refuse', 'owner: nobody knows a person "nobody"'],
      [4, 'refuse', '"imp-a" stands in line 2 already'],
      [5, 'refuse', expect.stringContaining('riskTier')],
    ]);
    expect(await upload(csv)).toMatchObject({ done: false });
    expect(await count()).toBe(before);
    expect(await upload(csv, '&partial=true')).toMatchObject({ done: true, made: 1 });
    expect(await count()).toBe(before + 1);
    const { agent } = (await house.admin<{ agent: object }>('GET', '/v1/agents/imp-a')).body;
    expect(agent).toMatchObject({ purpose: 'sorts, files', scopes: ['tools:read', 'tools:write'], state: 'active' });
  });

  it('what was exported comes back the same, and no spreadsheet computes it', async () => {
    await upload(
      `${HEAD}imp-f,alice,"=HYPERLINK(""http://x"")",homegrown,low,,\r\nimp-g,alice,'-quoted,homegrown,low,,\r\n`,
    );
    const { csv } = (await house.admin<{ csv: string }>('GET', '/v1/agents/export')).body;
    expect(csv).toContain("'=HYPERLINK");
    const again = await upload(csv);
    expect(again).toMatchObject({ made: 0, changed: 0, refused: 0 });
    expect(again.same).toBe(await count());
  });

  it('ten thousand agents are taken over as one file, and a second time nothing changes', async () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => ({
      ...{ id: `mass-${i}`, owner: 'alice', purpose: 'one of many', archetype: 'saas', riskTier: 'low' },
    }));
    const text = lines.map((line) => JSON.stringify(line)).join('\n');
    expect(await upload(text, '', 'application/x-ndjson')).toMatchObject({ done: true, made: 10_000, refused: 0 });
    expect(await upload(text, '', 'application/x-ndjson')).toMatchObject({ made: 0, same: 10_000 });
    const acts = (await house.records()).filter((record) => record.type === 'admin' && record.act === 'agent.import');
    expect(acts.length).toBeGreaterThan(80);
  }, 60_000);

  it('a broken file is refused as a whole, with its line', async () => {
    expect((await upload(`${HEAD}a,b\r\n`)).detail).toContain('line 2');
    expect((await upload('id,secret\r\nx,y\r\n')).detail).toContain('secret');
    expect((await upload(`${HEAD}"unclosed`)).detail).toContain('line');
  });
});
