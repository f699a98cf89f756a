/**
 * The demo: Interlock in front of a small company, a short story with the official MCP client, each step checked.
 * `--once`: ends after the story, with 0 only if every step went as it must. Otherwise everything stays up until Ctrl-C.
 */
import { parseArgs } from 'node:util';
import { RUG_PULL } from '../examples/demo-company/server.ts';
import { type DemoAgent, openAgent } from './demo/agent.ts';
import { type Scene, type Step, Unexpected } from './demo/scene.ts';
import { makeScreen, type Screen } from './demo/screen.ts';
import { openStage, type Stage } from './demo/stage.ts';
import { STORY } from './demo/story.ts';
import { orderThatWaits } from './demo/visit.ts';

const STEP_TIMEOUT_MS = 60_000;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
  const screen = makeScreen(process.stdout);
  screen.title('Interlock: every action of an agent is decided, recorded and can be stopped');
  screen.says('Starting the demo company and Interlock in front of it ...');
  const stage = await openStage();
  const interrupted = new Promise<'interrupted'>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done('interrupted'));
  });
  try {
    const failed = await Promise.race([tell(stage, screen), interrupted]);
    if (failed === 'interrupted') return 130;
    screen.title(
      failed === 0 ? 'Every step went as it should.' : `${failed} of ${STORY.length} steps did NOT go as they should.`,
    );
    if (failed > 0) screen.quote(stage.gatewayLog());
    if (values.once) return failed === 0 ? 0 : 1;
    whatNext(stage, screen);
    const leaving = new AbortController();
    const visit = orderThatWaits(stage, screen, leaving.signal);
    await Promise.race([visit.then(() => interrupted), interrupted, stage.gatewayEnded]).finally(() => leaving.abort());
    screen.says('Stopping ...');
    return failed === 0 ? 0 : 1;
  } finally {
    await stage.close();
  }
}

/** Tells the whole story, also after a step that failed; returns how many did. */
async function tell(stage: Stage, screen: Screen): Promise<number> {
  const agents = new Map<string, Promise<DemoAgent>>();
  const scene: Scene = {
    stage,
    screen,
    agent: (name, server) => {
      const key = `${name} ${server}`;
      const open = agents.get(key) ?? openAgent(stage, name, server);
      agents.set(key, open);
      return open;
    },
    expect: (holds, what) => {
      if (!holds) throw new Unexpected(what);
      screen.good(what);
    },
  };
  let failed = 0;
  for (const [index, step] of STORY.entries()) {
    screen.step(index + 1, step.title);
    try {
      await Promise.race([step.run(scene), stage.gatewayEnded, tooLong(step)]);
    } catch (error) {
      failed++;
      screen.bad(error instanceof Unexpected ? error.message : String((error as Error).stack));
    }
  }
  for (const opened of await Promise.allSettled(agents.values())) {
    if (opened.status === 'fulfilled') await opened.value.close().catch(() => {});
  }
  return failed;
}

function tooLong(step: Step): Promise<never> {
  return new Promise((_, reject) => {
    const message = `"${step.title}" took longer than ${STEP_TIMEOUT_MS / 1000} seconds`;
    setTimeout(() => reject(new Unexpected(message)), STEP_TIMEOUT_MS).unref();
  });
}

function whatNext(stage: Stage, screen: Screen): void {
  const on = `--config ${stage.configFile}`;
  screen.says('Everything is still running:');
  screen.says(
    `  agents connect to   ${stage.url}/mcp/erp  (or crm, infra, files, everything; all of them: ${stage.url}/mcp)`,
  );
  screen.says(`  the console         ${stage.url}/console  (alice is its administrator: see below how to sign in)`);
  screen.says(`  the company itself  ${stage.company.url}  (as it would be without Interlock)`);
  screen.says(`  configuration       ${stage.configFile}`);
  screen.says(`  policies            ${stage.dir}/policies  (edit one: it is reloaded at once)`);
  screen.blank();
  screen.says('Try next:');
  screen.quote(
    [
      `npx interlock log --follow ${on}`,
      `npx interlock agents token support --server crm ${on}   # a token for any MCP client`,
      `npx interlock servers accept crm ${RUG_PULL.tool} ${on}   # take the changed tool over; better: do not`,
      `npx interlock release agent:analyst --reason "explained" ${on}`,
      `npx interlock pause all --reason "coffee" --for 5m ${on}`,
    ].join('\n'),
  );
  screen.says('Ctrl-C stops everything and removes its folder.');
}

main().then(
  (exit) => process.exit(exit),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  },
);
