import { setTimeout as wait } from 'node:timers/promises';
import type { CallResult, DemoAgent } from './agent.ts';
import type { Screen } from './screen.ts';
import type { CommandResult, Stage } from './stage.ts';

/** One step of the story. It throws `Unexpected` when something did not go as it must. */
export interface Step {
  readonly title: string;
  run(scene: Scene): Promise<void>;
}

export interface Scene {
  readonly stage: Stage;
  readonly screen: Screen;
  /** The agent's connection to a server, opened once and kept. */
  agent(name: string, server: string): Promise<DemoAgent>;
  expect(holds: boolean, what: string): void;
}

export class Unexpected extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Unexpected';
  }
}

export interface PendingApproval {
  readonly id: string;
  /** The beginning of it: enough to type. */
  readonly short: string;
  readonly agent: string;
  readonly askWhom: readonly string[];
}

/** Of what the story itself ordered. */
export function ordersOf(stage: Stage, item: string): number {
  return Number(stage.company.database.get('SELECT count(*) AS n FROM orders WHERE item = ? AND id > 4', item)?.n);
}

/** Waits until exactly one call is parked; the call ending before that is its own kind of surprise. */
export async function pendingApproval(stage: Stage, call: Promise<CallResult>): Promise<PendingApproval> {
  const ended = call.then(({ text }) => {
    throw new Unexpected(`the call did not wait for anybody: ${text}`);
  });
  ended.catch(() => {});
  let found: readonly PendingApproval[] = [];
  const parked = until('a question to the owner', async () => {
    found = await pendingApprovals(stage);
    return found.length > 0;
  });
  await Promise.race([parked, ended]);
  if (found.length > 1) throw new Unexpected(`${found.length} approvals wait where one should`);
  return found[0] as PendingApproval;
}

export async function pendingApprovals(stage: Stage): Promise<readonly PendingApproval[]> {
  const { exit, stdout, stderr } = await stage.interlock('approvals', 'list', '--json');
  if (exit !== 0) throw new Unexpected(`interlock approvals list failed: ${stderr}`);
  const { items } = JSON.parse(stdout) as { items: Omit<PendingApproval, 'short'>[] };
  return items.map((each) => ({ ...each, short: each.id.slice(0, 8) }));
}

export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Unexpected(`waited 15 seconds in vain: ${what}`);
    await wait(100);
  }
}

/** What somebody types, as they would see it; returns how it ended. */
export async function types({ screen, stage }: Scene, who: string, args: readonly string[]): Promise<CommandResult> {
  screen.says(`${who}:`);
  screen.quote(`$ interlock ${args.map(inShell).join(' ')}`);
  const result = await stage.interlock(...args);
  const said = `${result.stdout}${result.stderr}`.trim();
  if (said !== '') screen.quote(said);
  return result;
}

function inShell(word: string): string {
  return /^[\w./:@=-]+$/.test(word) ? word : `'${word}'`;
}
