import type { DetailedError, Schema } from '@cedar-policy/cedar-wasm/nodejs';
import type { Piece } from './lexer.ts';
import { locate, type ParsedPolicy, type PieceError, parsePiece } from './parse.ts';
import { INERT, type ValidationVerdict, validatePolicies } from './validate.ts';
import { CedarTrap } from './wasm.ts';

export interface PieceFinding {
  /** UTF-16 offset into the policy's text. */
  readonly offset: number;
  readonly message: string;
  readonly help: string;
}

export type CheckedPiece =
  | { readonly ok: true; readonly policy: ParsedPolicy; readonly warnings: readonly PieceFinding[] }
  | { readonly ok: false; readonly errors: readonly PieceFinding[]; readonly warnings: readonly PieceFinding[] };

/** Verdicts by policy text, so that a reload costs only what changed. Forgotten all at once when full. */
const MAX_REMEMBERED = 5_000;
const remembered = new Map<string, CheckedPiece>();

/**
 * Parses and strictly validates policies, in order. `schema` is the published one and never changes while the process lives.
 * Those not seen before are validated together: reading the schema costs more than most policies.
 */
export function checkPieces(pieces: readonly Piece[], schema: Schema & string): readonly CheckedPiece[] {
  const fresh = new Map<string, ParsedPolicy>();
  const verdicts = new Map<string, CheckedPiece>();
  for (const piece of pieces) {
    const known = remembered.get(piece.text);
    if (known !== undefined) verdicts.set(piece.text, known);
    if (known !== undefined || fresh.has(piece.text) || verdicts.has(piece.text)) continue;
    const parsed = parsePiece(piece);
    if (parsed.ok) fresh.set(piece.text, parsed.policy);
    else verdicts.set(piece.text, { ok: false, errors: parsed.errors.map(syntaxFinding), warnings: [] });
  }
  for (const [text, verdict] of validateAll([...fresh.values()], schema)) verdicts.set(text, verdict);
  for (const [text, verdict] of verdicts) {
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(text, verdict);
  }
  return pieces.map((piece) => verdicts.get(piece.text) as CheckedPiece);
}

function syntaxFinding({ start, message, help }: PieceError): PieceFinding {
  return { offset: start, message, help: help ?? SYNTAX_HELP };
}

/** Together; if that overflows the validator's stack, in halves, until the one policy that does it stands alone. */
function validateAll(policies: readonly ParsedPolicy[], schema: Schema): Map<string, CheckedPiece> {
  if (policies.length === 0) return new Map();
  try {
    const texts = Object.fromEntries(policies.map((policy, i) => [`${i}`, policy.piece.text]));
    const verdict = validatePolicies(schema, { staticPolicies: texts }, { inert: true });
    return new Map(policies.map((policy, i) => [policy.piece.text, verdictOn(policy, `${i}`, verdict)]));
  } catch (thrown) {
    if (!(thrown instanceof CedarTrap)) throw thrown;
    if (policies.length === 1) {
      const message = 'the policy is nested too deeply to be validated';
      const errors = [{ offset: 0, message, help: 'split it into several policies' }];
      return new Map(policies.map((policy) => [policy.piece.text, { ok: false, errors, warnings: [] }]));
    }
    const half = policies.length >> 1;
    return new Map([...validateAll(policies.slice(0, half), schema), ...validateAll(policies.slice(half), schema)]);
  }
}

/** An error that belongs to no policy means that the call as a whole failed: then no policy passes. */
function verdictOn(policy: ParsedPolicy, id: string, verdict: ValidationVerdict): CheckedPiece {
  const mine = ({ policyId }: { policyId: string }): boolean => policyId === id || policyId === '';
  const { text } = policy.piece;
  const errors = findings(verdict.errors.filter(mine), text);
  const warnings = findings(verdict.warnings.filter(mine), text);
  return errors.length > 0 ? { ok: false, errors, warnings } : { ok: true, policy, warnings };
}

const SYNTAX_HELP = 'see docs/policy.md for the language';

/** The validator repeats itself for every action a policy applies to: one finding for each place. */
function findings(errors: readonly { readonly error: DetailedError }[], text: string): PieceFinding[] {
  const byPlace = new Map<number, PieceFinding>();
  for (const { error } of errors) {
    const { start, message, help } = locate(error, text);
    if (byPlace.has(start)) continue;
    const words = message
      .replace(/^for policy `\d+`, /, '')
      .replace(/ in context for Action::"[^"]*"/, ' in context')
      .replaceAll('`', "'");
    byPlace.set(start, { offset: start, message: words, help: help?.replaceAll('`', "'") ?? helpFor(words) });
  }
  // That a policy never applies is worth saying only when nothing else is wrong with it.
  const all = [...byPlace.values()];
  const others = all.filter((finding) => !INERT.test(finding.message));
  return others.length > 0 ? others : all;
}

function helpFor(message: string): string {
  if (message.includes('impossible')) return 'it can never match: correct its conditions or remove it';
  if (message.includes('applicable action')) return 'no action has both this principal and this resource';
  if (/^(string|identifier) /.test(message)) return 'retype it in one script if it was not meant';
  return 'docs/interlock.cedarschema says what a policy can read';
}
