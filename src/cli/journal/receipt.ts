import { readFileSync, writeFileSync } from 'node:fs';
import { realDisk } from '../../adapters/disk/real.ts';
import { type CheckedAnswer, isRedacted, type OutcomeReport, verifyOutcome } from '../../approvals/signing/outcome.ts';
import { type Receipt, type ReceiptReport, readReceipt, verifyReceipt } from '../../audit/read/receipt.ts';
import { isObject, type JsonObject } from '../../model/json.ts';
import { findByBeginning, openClient } from '../approvals/client.ts';
import { locate } from '../operate/locate.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT, type ExitCode } from '../shell/exit.ts';
import { isoTime } from '../shell/text.ts';
import { readVkey } from './checkpoint.ts';

/** The proof of one record; and, where the record is what people answered, every signature in it. */
export async function checkReceipt(
  context: Context,
  given: { readonly text: string; readonly vkey: string; readonly vkeyNoted: boolean },
): Promise<ExitCode> {
  const result = verifyReceipt(readJson(given.text), { vkey: given.vkey });
  const approval = result.ok ? await verifyOutcome(result.entry.record as unknown as JsonObject) : null;
  const ok = result.ok && approval?.ok !== false;
  context.terminal.value({ ...result, ok, ...(approval === null ? {} : { approval }) });
  if (!result.ok) {
    context.terminal.line(`The receipt is NOT valid: ${result.problem}.`, 'bad');
    return EXIT.failed;
  }
  const { entry, checkpoint: covered } = result;
  context.terminal.line(
    `The receipt is genuine: record ${entry.seq} of ${covered.origin}, written ${entry.time}.`,
    'good',
  );
  if (approval === null) context.terminal.line(JSON.stringify(entry.record, null, 2));
  else sayWho(context, result, approval);
  if (!given.vkeyNoted)
    context.terminal.line('The verifier key was taken from the journal itself; give the one you noted with --vkey.');
  return ok ? EXIT.ok : EXIT.failed;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliError(EXIT.usage, `the receipt is not JSON (${(error as Error).message})`, { cause: error });
  }
}

/** Who answered what, with which passkey, in plain words. */
function sayWho(context: Context, { entry }: ReceiptReport & { ok: true }, report: OutcomeReport): void {
  const { detail } = entry.record as unknown as { detail: JsonObject };
  const { terminal } = context;
  const changed = isObject(detail.changed) ? detail.changed : null;
  const args = (changed ?? detail).arguments;
  terminal.line(`Request ${report.approval} of the agent ${detail.agent}: ${report.outcome}.`);
  terminal.line(
    `  It is for ${detail.server}/${detail.target ?? ''}, acting for ${detail.subject ?? 'nobody but itself'}.`,
  );
  terminal.line(`  Arguments: ${isObject(args) && !isRedacted(args) ? JSON.stringify(args) : 'not in the record'}`);
  if (changed !== null) terminal.line(`  ${changed.by} changed them from ${JSON.stringify(detail.arguments)}.`);
  for (const answer of report.answers) sayAnswer(context, answer);
  for (const problem of report.problems) terminal.line(`NOT right: ${problem}.`, 'bad');
  if (!report.ok) return;
  const signed = report.answers.filter(({ passkey }) => passkey !== null);
  if (signed.length > 0) terminal.line('Every signature stands, and says what the record says.', 'good');
  if (signed.length === report.answers.length) return;
  const rest = report.answers.filter(({ passkey }) => passkey === null).map(({ person }) => person);
  terminal.line(`NOT proven by a passkey: ${rest.join(', ')}. There is the word of the gateway alone.`, 'warn');
}

function sayAnswer({ terminal }: Context, answer: CheckedAnswer): void {
  const { person, verdict, reason, atMs, passkey, problem, assurance, counts } = answer;
  const before = counts ? '' : ', before it was changed';
  const said = `${person} ${verdict} it${before} at ${isoTime(atMs)}${reason === '' ? '' : `: ${JSON.stringify(reason)}`}`;
  if (problem !== null) return terminal.line(`  NOT right: ${said}, but ${problem}.`, 'bad');
  if (passkey === null) return terminal.line(`  ${said} (${assurance}; nothing was signed)`, 'warn');
  terminal.line(`  ${said}`);
  terminal.line(`    signed by the passkey ${passkey.credentialId} on ${passkey.origin}, its owner verified`);
  terminal.line(`    key ${passkey.thumbprint} (compare it with the record person.passkey-set of ${person})`, 'dim');
}

/** The receipt of what one request came to, into a file or to the output. */
export async function approvalReceipt(context: Context, id: string, { out }: { readonly out?: string }): Promise<void> {
  const row = await findByBeginning(await openClient(context), id);
  if (row.receipt === null)
    throw new CliError(EXIT.failed, `nothing is recorded of ${row.id} yet: it is ${row.state}`, {
      help: 'there is a receipt once it is answered, expired or withdrawn',
    });
  const dir = `${(await locate(context)).dataDir}/journal`;
  const here = (await readVkey(dir)).split('+').slice(0, 2).join('+');
  if (row.receipt.journal !== here)
    throw new CliError(EXIT.failed, `the outcome is in another gateway's journal (${row.receipt.journal})`, {
      help: 'run this on the machine of that gateway',
    });
  const proof = await readReceipt(dir, row.receipt.seq, { disk: realDisk });
  writeProof(context, proof, out);
}

export function writeProof(context: Context, proof: Receipt, out: string | undefined): void {
  const text = `${JSON.stringify(proof, null, context.terminal.json ? undefined : 2)}\n`;
  if (out === undefined) process.stdout.write(text);
  else {
    writeFileSync(out, text, { mode: 0o600 });
    context.terminal.note(`written to ${out}; check it with: interlock verify --receipt ${out}`, 'good');
  }
}

export function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CliError(EXIT.usage, `cannot read ${file} (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}
