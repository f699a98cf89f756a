import { setTimeout as wait } from 'node:timers/promises';
import { openAgent } from './agent.ts';
import { pendingApprovals } from './scene.ts';
import type { Screen } from './screen.ts';
import type { Stage } from './stage.ts';

const PAUSE_MS = 2_000;
const ORDER = { supplier: 'helios', item: 'LAP-14', quantity: 2, total: 2598, currency: 'EUR' };

/** Waits for the visitor: one order, which goes on when they say so. Ends with the signal; a gateway that has ended ends it too. */
export async function orderThatWaits(stage: Stage, screen: Screen, signal: AbortSignal): Promise<void> {
  const { stdout, stderr, exit } = await stage.interlock('people', 'invite', 'alice', '--json');
  if (exit !== 0) throw new Error(`interlock people invite alice: ${stderr}`);
  const { url } = JSON.parse(stdout) as { url: string };
  const procurement = await openAgent(stage, 'procurement', 'erp');
  const answered = askUntilAnswered(() => procurement.call('orders.create', ORDER), signal);
  const id = await waiting(stage, signal);
  screen.title('Your turn: an order waits for you');
  screen.says('The procurement agent wants two laptops for 2598.00 EUR. You are alice, who owns it.');
  screen.says(`  1. Sign in        ${url}`);
  screen.says('                    (a link for one use: set a passkey, or a password)');
  screen.says(`  2. Read, answer   ${stage.url}/approvals/${id}`);
  screen.says('     as you like: approve, deny, change the arguments, or let the like through for an hour');
  screen.says(`  or in a terminal  npx interlock approvals show ${id.slice(0, 8)} --config ${stage.configFile}`);
  void answered
    .then((text) => {
      screen.blank();
      screen.says('You answered. The agent got:');
      screen.quote(text);
      screen.says(`See it on record: npx interlock approvals receipt ${id.slice(0, 8)} --config ${stage.configFile}`);
    })
    .catch(() => {})
    .finally(() => procurement.close().catch(() => {}));
}

/** As an agent that cannot wait does: the same call again, which finds the same request. */
async function askUntilAnswered(call: () => Promise<{ text: string }>, signal: AbortSignal): Promise<string> {
  for (;;) {
    const { text } = await call();
    if (!text.includes('needs a human')) return text;
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
