import { setImmediate as breathe } from 'node:timers/promises';
import type { Config } from '../../config/config.ts';
import type { PolicyWorld } from '../../model/policy-input.ts';
import type { PolicySet } from '../../policy/policy-set.ts';
import { publish, readAhead, type Source } from '../../policy/publish.ts';
import { Problem } from '../../surfaces/admin/problem.ts';
import { digestOf, type Pending, type Publication, readPolicyFolder } from './folder.ts';
import { addToHistory, detailOf, finish, type InForce, type Keeping, recordInForce } from './in-force.ts';
import { badFiles } from './names.ts';
import { commitPending, forgetPending, whyNotWritable } from './write.ts';

/** Policies somebody wants in force in place of others. */
export interface Order {
  readonly files: readonly Source[];
  /** What whoever orders it takes to be in force. */
  readonly base: string;
  readonly by: string;
  readonly reason: string;
  readonly draft: Publication['draft'];
}

export interface Publishing extends Keeping {
  readonly config: Config;
  readonly inForce: InForce;
  readonly world: PolicyWorld;
}

/** Why nothing is published from here; `null`: it may be. */
export async function whyReadOnly(config: Config, { files }: Pick<InForce, 'files'>): Promise<string | null> {
  if (config.console.policies === 'read-only')
    return 'console.policies is read-only: change the policies where they are kept';
  return whyNotWritable(config.policiesDir, files);
}

/**
 * Checks, records, decides and writes out a publication, in this order; whatever fails before it is decided leaves everything as it was,
 * and a crash at any point leaves either the one set or the other. Rejects with a Problem.
 */
export async function publishOrder(
  publishing: Publishing,
  order: Order,
): Promise<{ readonly inForce: InForce; readonly policies: PolicySet }> {
  const { config, inForce, clock } = publishing;
  if (order.base !== inForce.version) throw staleBase(order.base, inForce.version);
  const readOnly = (await whyReadOnly(config, inForce)) ?? (await whyNotWritable(config.policiesDir, order.files));
  if (readOnly !== null) throw new Problem(409, 'read-only', `policies are not published from here: ${readOnly}`);
  await unchangedFolder(config.policiesDir, inForce);
  const { policies, warnings } = await compile(publishing, order);
  const { version } = policies;
  if (version === inForce.version) throw new Problem(409, 'no-change', 'these policies are in force already');
  const publication: Publication = {
    ...{ version, base: order.base, atMs: clock.nowMs() },
    ...{ by: order.by, reason: order.reason, draft: order.draft },
  };
  await recordInForce(
    publishing,
    { version, files: order.files },
    { ...publication, detail: detailOf(publication) },
  ).catch((error: Error) => {
    throw new Problem(409, 'not-recorded', `nothing was published: ${error.message}`);
  });
  const from = Object.fromEntries(inForce.files.map(({ path, text }) => [path, digestOf(text)]));
  const pending: Pending = { publication, from, files: order.files };
  await decide(publishing, pending);
  // Decided: from here on it is what a restart would take, so that it is in force whatever the disk says.
  const { atMs, by, reason } = await addToHistory(publishing, publication, false);
  await finish(publishing, pending, config.policiesDir);
  return { policies, inForce: { version, files: order.files, warnings, atMs, by, reason } };
}

function staleBase(base: string, version: string): Problem {
  const message = `policies ${version} are in force, not ${base}: look at what changed, then publish over them`;
  return new Problem(409, 'stale-base', message, { version });
}

/** Edits of the folder that nobody took over would be lost. */
async function unchangedFolder(dir: string, inForce: InForce): Promise<void> {
  const folder = await readPolicyFolder(dir);
  if (folder.ok && folder.pending === null && sameFiles(folder.files, inForce.files)) return;
  const message = 'the folder of policies was changed and is not in force: reload, or undo the change';
  throw new Problem(409, 'folder-changed', folder.ok ? message : folder.problem.message);
}

function sameFiles(a: readonly Source[], b: readonly Source[]): boolean {
  const texts = new Map(b.map(({ path, text }) => [path, text]));
  return a.length === b.length && a.every(({ path, text }) => texts.get(path) === text);
}

async function compile(
  { world }: Publishing,
  { files }: Order,
): Promise<{ readonly policies: PolicySet; readonly warnings: InForce['warnings'] }> {
  const [bad] = badFiles(files);
  if (bad !== undefined) throw new Problem(422, 'invalid-policies', `${bad.path}: ${bad.why}`);
  await readAhead(files, breathe);
  const published = publish(files, world);
  if (published.ok) return published;
  const count = published.problems.length;
  const message = `the policies are wrong (${count === 1 ? '1 problem' : `${count} problems`}); nothing was published`;
  throw new Problem(422, 'invalid-policies', message, { problems: published.problems });
}

async function decide(publishing: Publishing, pending: Pending): Promise<void> {
  const { policiesDir: dir } = publishing.config;
  const { by, version } = pending.publication;
  try {
    await commitPending(dir, pending);
    const folder = await readPolicyFolder(dir);
    // As decided, or already written out by a gateway that shares the folder and read it a moment ago.
    if (folder.ok && sameFiles(folder.files, pending.files)) return;
    // Somebody wrote to the folder in the meantime; nothing was written out yet.
    await forgetPending(dir, pending);
    throw new Error('the folder was changed meanwhile');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EEXIST' ? 'another publication is under way' : (code ?? message);
    const detail = { policyVersion: version };
    await publishing.journal.append({ type: 'admin', act: 'policy.publish-failed', by, reason, detail });
    throw new Problem(409, 'not-written', `nothing was published: the folder could not be written (${reason})`);
  }
}
