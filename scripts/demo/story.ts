import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { RUG_PULL } from '../../examples/demo-company/server.ts';
import { openStranger } from './agent.ts';
import { approvedPurchase, changedPurchase, deniedPurchase, proven } from './people.ts';
import { ordersOf, pendingApproval, pendingApprovals, type Scene, type Step, types, until } from './scene.ts';

export const STORY: readonly Step[] = [
  { title: 'A small purchase is permitted', run: smallPurchase },
  { title: 'A larger one asks its owner, who reads it and approves it', run: approvedPurchase },
  { title: 'The owner changes an order before it goes out', run: changedPurchase },
  { title: 'The next one is denied, and the agent is told why', run: deniedPurchase },
  { title: 'Some things are not even asked', run: forbiddenPurchase },
  { title: 'Staging is the agent’s, production is not', run: production },
  { title: 'The same rules hold for servers on stdio', run: stdioServers },
  { title: 'A server changes a tool behind everybody’s back', run: rugPull },
  { title: 'Going around Interlock leads nowhere: the tools ask for its credential', run: aroundTheGateway },
  { title: 'One agent is killed in mid-flight, its neighbour goes on', run: killed },
  { title: 'What a person answered can be proven to anybody', run: proven },
  { title: 'Everything is on record, and the record is intact', run: verified },
];

async function smallPurchase({ agent, expect, screen, stage }: Scene): Promise<void> {
  const procurement = await agent('procurement', 'erp');
  screen.says('procurement: orders.create, 10 packs of paper, 49.90 EUR');
  const order = { supplier: 'northwind', item: 'PAPER-A4', quantity: 10, total: 49.9, currency: 'EUR' };
  const result = await procurement.call('orders.create', order);
  screen.quote(result.text);
  expect(!result.refused, 'the call was permitted');
  expect(ordersOf(stage, 'PAPER-A4') === 1, 'the order is in the company’s database');
}

async function forbiddenPurchase({ agent, expect, screen, stage }: Scene): Promise<void> {
  const procurement = await agent('procurement', 'erp');
  screen.says('procurement: orders.create, 14 server racks, 12460.00 EUR');
  const order = { supplier: 'ferro', item: 'RACK-42', quantity: 14, total: 12_460, currency: 'EUR' };
  const result = await procurement.call('orders.create', order);
  screen.quote(result.text);
  expect(result.refused, 'the call was denied at once');
  expect(result.text.includes('10,000'), 'the reason says what the limit is');
  expect((await pendingApprovals(stage)).length === 0, 'nobody was asked');
  expect(ordersOf(stage, 'RACK-42') === 0, 'nothing was ordered');
}

async function production({ agent, expect, screen, stage }: Scene): Promise<void> {
  const infrastructure = await agent('infrastructure', 'infra');
  const restarts = (host: string) =>
    stage.company.database.get('SELECT restarts FROM hosts WHERE name = ?', host)?.restarts;
  screen.says('infrastructure: servers.restart, stage-web-1');
  const staging = await infrastructure.call('servers.restart', { host: 'stage-web-1', environment: 'staging' });
  expect(!staging.refused && restarts('stage-web-1') === 1, 'staging was restarted');
  screen.says('infrastructure: servers.restart, web-1');
  const denied = await infrastructure.call('servers.restart', { host: 'web-1', environment: 'production' });
  screen.quote(denied.text);
  expect(denied.refused, 'production was denied');
  expect(denied.text.includes('do not change production'), 'the agent can read why');
  expect(restarts('web-1') === 0, 'production was not touched');
}

async function stdioServers(scene: Scene): Promise<void> {
  const { agent, expect, screen, stage } = scene;
  const everything = await agent('assistant', 'everything');
  screen.says('assistant: echo, on the official test server');
  const echo = await everything.call('echo', { message: 'hello through Interlock' });
  screen.quote(echo.text);
  expect(!echo.refused && echo.text.includes('hello through Interlock'), 'the test server answered');
  const files = await agent('assistant', 'files');
  screen.says('assistant: read_text_file, welcome.txt, on the official filesystem server');
  const read = await files.call('read_text_file', { path: join(stage.dir, 'files/welcome.txt') });
  screen.quote(read.text);
  expect(!read.refused, 'reading was permitted');
  const path = join(stage.dir, 'files/notes.txt');
  screen.says('assistant: write_file, notes.txt');
  const call = files.call('write_file', { path, content: 'Call Ines back.' });
  const approval = await pendingApproval(stage, call);
  expect(!existsSync(path), 'writing waits for its owner');
  await types(scene, 'carol', ['approvals', 'approve', approval.short, '--by', 'carol', '--reason', 'my notes']);
  const written = await call;
  expect(!written.refused && readFileSync(path, 'utf8') === 'Call Ines back.', 'the file is there');
}

async function rugPull({ agent, expect, screen, stage }: Scene): Promise<void> {
  const support = await agent('support', 'crm');
  const before = await support.call(RUG_PULL.tool, { customer: 'c-1001' });
  expect(!before.refused, `support reads a ticket with ${RUG_PULL.tool}`);
  screen.says(`The crm server now describes ${RUG_PULL.tool} like this:`);
  screen.quote(RUG_PULL.description);
  stage.company.mutateTool(RUG_PULL.tool, RUG_PULL.description);
  await until('the changed tool is out of sight', async () => !(await support.tools()).includes(RUG_PULL.tool));
  expect(true, 'support does not see the changed tool');
  const after = await support.call(RUG_PULL.tool, { customer: 'c-1001' });
  screen.quote(after.text);
  expect(after.refused, 'calling it anyway is refused');
  screen.says('operator:');
  const diff = await stage.interlock('servers', 'diff', 'crm', RUG_PULL.tool);
  screen.quote(`$ interlock servers diff crm ${RUG_PULL.tool}\n${diff.stdout}`);
  expect(
    diff.exit === 1 && diff.stdout.includes('customers.export'),
    'the operator sees what changed before any agent does',
  );
  expect(
    (await support.call('customers.get', { id: 'c-1001' })).refused === false,
    'the server’s other tools still work',
  );
  expect(stage.company.database.get('SELECT count(*) AS n FROM exports')?.n === 0, 'nothing was exported');
}

async function aroundTheGateway({ agent, expect, screen, stage }: Scene): Promise<void> {
  const { company } = stage;
  const stranger = await openStranger(company.urls.infra);
  const restartsOf = () =>
    Number(company.database.get(`SELECT restarts FROM hosts WHERE name = 'stage-web-1'`)?.restarts);
  try {
    const host = { host: 'stage-web-1', environment: 'staging' };
    screen.says('somebody inside the network, straight to the company: servers.restart stage-web-1');
    const direct = await stranger.call('servers.restart', host);
    screen.quote(direct.text);
    expect(direct.refused, 'the tool refuses: the call did not come through Interlock');
    const before = restartsOf();
    const infrastructure = await agent('infrastructure', 'infra');
    expect(
      !(await infrastructure.call('servers.restart', host)).refused,
      'through Interlock the same call is carried out',
    );
    const stolen = company.lastCarried();
    expect(stolen?.token != null, 'it carried a credential, which somebody on the wire has copied');
    const meta = { 'interlock/action': stolen?.token, 'interlock/action-proof': stolen?.proof };
    const replayed = await stranger.call('servers.restart', host, { meta });
    screen.quote(replayed.text);
    expect(replayed.refused && restartsOf() === before + 1, 'the copy is worth nothing: its one use is gone');
    const other = await stranger.call('servers.delete', { host: 'web-1', environment: 'production' }, { meta });
    screen.quote(other.text);
    expect(other.refused, 'nor is it good for anything else');
    const left = company.database.get(`SELECT count(*) AS n FROM hosts WHERE environment = 'production'`)?.n;
    expect(left === 3, 'every server of production is still there');
  } finally {
    await stranger.close();
  }
}

async function killed({ agent, expect, screen, stage }: Scene): Promise<void> {
  const analyst = await agent('analyst', 'erp');
  const procurement = await agent('procurement', 'erp');
  screen.says('analyst: reports.build, some 30 seconds of work');
  let steps = 0;
  const report = analyst.call(
    'reports.build',
    { kind: 'spending' },
    { onProgress: (step) => void (steps = step.progress) },
  );
  await until('the report is on its way', async () => steps >= 3);
  screen.says('operator:');
  screen.quote('$ interlock kill agent:analyst --reason "reads more than it should"');
  const kill = await stage.interlock('kill', 'agent:analyst', '--reason', 'reads more than it should');
  const orderedAt = performance.now();
  expect(kill.exit === 0, 'the kill was taken');
  const result = await Promise.race([report, wait(5_000)]);
  expect(result !== undefined, 'the call in flight ended');
  screen.quote(result?.text ?? '');
  expect(result?.refused === true && performance.now() - orderedAt < 2_000, 'it ended at once, without a report');
  const status = () => stage.company.database.get('SELECT status FROM reports ORDER BY id DESC LIMIT 1')?.status;
  await until('the server stopped working', async () => status() === 'cancelled');
  expect(true, 'the server has stopped working on it');
  expect((await analyst.call('orders.list', {})).refused, 'analyst is refused from now on');
  const neighbour = await procurement.call('orders.list', { limit: 3 });
  expect(!neighbour.refused, 'procurement, on the same server and of the same owner, goes on');
}

async function verified({ expect, screen, stage }: Scene): Promise<void> {
  const result = await stage.interlock('verify');
  screen.quote(`$ interlock verify\n${result.stdout}`);
  expect(result.exit === 0, 'the journal verifies');
  screen.says('somebody with access to a copy of the disk: the order of 876.00 becomes one of 176.00');
  const forged = await stage.verifyForged();
  screen.quote(`$ interlock verify   # on that copy\n${forged.stdout}${forged.stderr}`);
  expect(forged.exit === 1, 'the forged copy does not verify');
}
