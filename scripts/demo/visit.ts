import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseDocument } from 'yaml';
import { openAgent } from './agent.ts';
import { pendingApprovals, until } from './scene.ts';
import type { Screen } from './screen.ts';
import type { CommandResult, Stage } from './stage.ts';

const PAUSE_MS = 2_000;
const ORDER = { supplier: 'helios', item: 'LAP-14', quantity: 2, total: 2598, currency: 'EUR' };

/** Waits for the visitor: one order, which goes on when they say so. Ends with the signal; a gateway that has ended ends it too. */
export async function orderThatWaits(stage: Stage, screen: Screen, signal: AbortSignal): Promise<void> {
  await askForPasskeys(stage);
  const { url } = await invite(stage);
  const procurement = await openAgent(stage, 'procurement', 'erp');
  const answered = askUntilAnswered(() => procurement.call('orders.create', ORDER), signal);
  const id = await waiting(stage, signal);
  screen.title('Your turn: an order waits for you');
  screen.says(
    'The procurement agent wants two laptops for 2598.00 EUR. You are alice, who owns it. From now on an answer',
  );
  screen.says('needs a passkey (approvals.assurance): nobody can give it in your name, not even on the command line.');
  screen.blank();
  screen.says(`  1. Sign in        ${url}`);
  screen.says('                    with a new passkey; the link is good once');
  screen.says(`  2. Read, answer   ${stage.url}/approvals/${id}`);
  screen.says('                    approve, deny, change the arguments, or let the like through for an hour');
  screen.says(`  3. Look around    ${stage.url}/console`);
  screen.says('                    where the agents are, what they can do, and the button that stops one now');
  screen.blank();
  screen.says(`Without passkeys here: make it "assurance: signed-in" in ${stage.configFile} and withdraw the request`);
  screen.says(
    `(interlock approvals withdraw ${id.slice(0, 8)} --reason "again"); the agent asks anew, and a password will do.`,
  );
  void answered
    .then((text) => tell(stage, screen, { id, text }))
    .catch(() => {})
    .finally(() => procurement.close().catch(() => {}));
}

/** As soon as people sign in, the command line is no proof of who they are any more. */
async function askForPasskeys({ configFile, interlock }: Stage): Promise<void> {
  const config = parseDocument(readFileSync(configFile, 'utf8'));
  config.setIn(['approvals', 'assurance'], 'passkey');
  writeFileSync(configFile, config.toString({ lineWidth: 0 }), { mode: 0o600 });
  must(await interlock('reload'));
}

async function invite({ interlock }: Stage): Promise<{ readonly url: string }> {
  return JSON.parse(must(await interlock('people', 'invite', 'alice', '--json')));
}

async function tell(
  { interlock, dir }: Stage,
  screen: Screen,
  { id, text }: { readonly id: string; readonly text: string },
): Promise<void> {
  screen.blank();
  screen.says('You answered. The agent got:');
  screen.quote(text);
  const file = join(dir, 'yours.receipt');
  // The record is there at once, the signed checkpoint over it a moment later.
  await until('the receipt of your answer', async () => {
    return (await interlock('approvals', 'receipt', id, '--out', file)).exit === 0;
  });
  screen.says('And this is what anybody can check of it:');
  screen.quote(`$ interlock verify --receipt ${file}\n${must(await interlock('verify', '--receipt', file))}`);
}

function must({ exit, stdout, stderr }: CommandResult): string {
  if (exit !== 0) throw new Error(stderr);
  return stdout;
}

/** As an agent that cannot wait does: the same call again, which finds the same request. */
async function askUntilAnswered(call: () => Promise<{ text: string }>, signal: AbortSignal): Promise<string> {
  for (;;) {
    const { text } = await call();
    if (!text.includes('needs a human') && !text.includes('withdrawn')) return text;
    await wait(PAUSE_MS, undefined, { signal });
  }
}

async function waiting(stage: Stage, signal: AbortSignal): Promise<string> {
  for (;;) {
    const [first] = await pendingApprovals(stage);
    if (first !== undefined) return first.id;
    await wait(PAUSE_MS / 4, undefined, { signal });
  }
}
