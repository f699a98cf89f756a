import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, EVERYTHING, type House, openHouse, ROOT } from './house.ts';

let house: House;

beforeAll(async () => {
  house = await openHouse({
    servers: `  tools: { command: ${process.execPath}, args: [${EVERYTHING}, stdio], tools: { echo: { effect: read } } }`,
    policies: { 'all.cedar': `${CONNECT} permit(principal, action in Action::"use", resource == Tool::"tools/echo");` },
  });
  await house.admin('POST', '/v1/servers/tools/scan', {});
});
afterAll(() => house.stop());

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function interlock(...args: string[]): Promise<Ran> {
  const main = join(ROOT, 'src/cli/main.ts');
  const argv = ['--disable-warning=ExperimentalWarning', main, '--config', join(house.dir, 'interlock.yaml'), ...args];
  return new Promise((done) => {
    execFile(process.execPath, argv, { cwd: house.dir, maxBuffer: 1e8 }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

async function json(...args: string[]): Promise<{ code: number; value: any }> {
  const { code, out } = await interlock('--json', ...args);
  return { code, value: JSON.parse(out) };
}

describe('what the console shows, on the command line', () => {
  it('overview: agents, reach, abilities, records and what needs attention', async () => {
    const { code, out } = await interlock('overview');
    expect(code).toBe(0);
    expect(out).toMatch(/^agents {7}1 of 1 owners/m);
    expect(out).toContain('kill switch  never tried');
    expect((await json('overview')).value).toMatchObject({ agents: { total: 1 }, lastDrill: null });
  });

  it('posture: only what is not in order unless asked, and exit 1 while something is bad', async () => {
    const some = await interlock('posture');
    expect(some.code).toBe(1);
    expect(some.out).toContain('bad   Does every agent prove itself with a key?');
    expect(some.out).not.toContain('Does somebody answer for every agent?');
    expect((await interlock('posture', '--all')).out).toContain('good  Does somebody answer for every agent?');
    expect((await json('posture')).value.items.length).toBeGreaterThan(15);
  });

  it('agents can: tool by tool, with the policy behind each', async () => {
    const { code, out } = await interlock('agents', 'can', 'buyer');
    expect(code).toBe(0);
    expect(out.split('\n')[1]).toBe('tools/echo\tread\talways\tall.cedar#policy1\t-');
    expect(out).toMatch(/\d+ more it may never call: --all/);
    expect((await interlock('agents', 'can', 'buyer', '--all')).out).toContain('No policy permits it.');
    expect((await json('agents', 'can', 'buyer', '--for', 'bob')).value.subject).toBe('bob');
    expect((await interlock('agents', 'can', 'nobody')).code).toBe(1);
  });

  it('kill --preview: says what it would cut, and changes nothing', async () => {
    const { code, out } = await interlock('kill', 'buyer', '--preview');
    expect(code).toBe(0);
    expect(out).toContain('cuts\tagent\t1\t');
    expect(out).toContain('nothing was changed');
    expect((await json('kill', 'all', '--preview')).value).toMatchObject({ target: 'all', needsStepUp: true });
    expect((await json('locks')).value.locks).toEqual([]);
    expect((await interlock('pause', 'nobody', '--preview')).code).toBe(2);
  });

  it('drill: measures, and lists what was measured before', async () => {
    expect((await interlock('drill', '--list')).out).toContain('never tried');
    const { code, value } = await json('drill', '--reason', 'monthly', '--by', 'bob');
    expect([code, value.ok, value.by]).toEqual([0, true, 'bob']);
    expect((await json('drill', '--list')).value.items).toEqual([value]);
    expect((await interlock('overview')).out).toContain('kill switch  refused after');
  });
});
