import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import type { JsonObject } from '../../model/json.ts';
import type { ReadOptions } from '../cedar/expr.ts';
import { freshMarker, markBigIntegers, type Piece } from './lexer.ts';
import { CedarTrap, withCedar } from './wasm.ts';

/** The official parser overflows its stack (and dies) from about 100 nested brackets on, and on chains of about 1000 operators. */
export const POLICY_LIMITS = { depth: 48, tokens: 10_000, textLength: 262_144 } as const;

export interface ParsedPolicy {
  readonly piece: Piece;
  /** Cedar's JSON policy format. */
  readonly json: JsonObject;
  readonly options: ReadOptions;
}

/** Something wrong with one policy; `start` and `end` are UTF-16 offsets into the piece. */
export interface PieceError {
  readonly message: string;
  readonly help: string | null;
  readonly start: number;
  readonly end: number;
}

/** Parses one policy with the official parser, keeping integers exact. */
export function parsePiece(piece: Piece): { ok: true; policy: ParsedPolicy } | { ok: false; errors: PieceError[] } {
  const whole = { start: 0, end: piece.text.length };
  const refused = refuse(piece);
  if (refused !== null) return { ok: false, errors: [{ ...whole, ...refused }] };
  try {
    const checked = withCedar((cedar) => cedar.policyToJson(piece.text));
    if (checked.type === 'failure')
      return { ok: false, errors: checked.errors.map((error) => locate(error, piece.text)) };
    if (piece.bigIntegers.length === 0) {
      return { ok: true, policy: { piece, json: checked.json as unknown as JsonObject, options: NO_MARKS } };
    }
    const marker = freshMarker(piece.text);
    const marked = withCedar((cedar) => cedar.policyToJson(markBigIntegers(piece, marker)));
    if (marked.type === 'failure')
      return { ok: false, errors: marked.errors.map((error) => ({ ...locate(error, ''), ...whole })) };
    const markedLong = (text: string): bigint | undefined =>
      text.startsWith(marker) ? BigInt(text.slice(marker.length)) : undefined;
    return { ok: true, policy: { piece, json: marked.json as unknown as JsonObject, options: { markedLong } } };
  } catch (thrown) {
    if (!(thrown instanceof CedarTrap)) throw thrown;
    return {
      ok: false,
      errors: [{ ...whole, message: 'the policy is nested too deeply to be parsed', help: SPLIT_IT }],
    };
  }
}

const NO_MARKS: ReadOptions = { markedLong: () => undefined };
const SPLIT_IT = 'split it into several policies';

function refuse(piece: Piece): { message: string; help: string; start?: number; end?: number } | null {
  if (piece.slot !== null) {
    const message = 'templates are not supported';
    return { message, help: 'write one policy for each principal or resource', start: piece.slot, end: piece.slot + 1 };
  }
  if (piece.depth > POLICY_LIMITS.depth) {
    return {
      message: `brackets are nested ${piece.depth} deep; at most ${POLICY_LIMITS.depth} are accepted`,
      help: SPLIT_IT,
    };
  }
  if (piece.tokens > POLICY_LIMITS.tokens || piece.text.length > POLICY_LIMITS.textLength) {
    const limits = `${POLICY_LIMITS.tokens} tokens and ${POLICY_LIMITS.textLength} characters`;
    return { message: `the policy is too long; at most ${limits} are accepted`, help: SPLIT_IT };
  }
  return null;
}

/** Turns the parser's UTF-8 byte offsets into UTF-16 ones. */
export function locate(error: DetailedError, text: string): PieceError {
  const label = error.sourceLocations?.[0];
  const bytes = Buffer.from(text, 'utf8');
  const unit = (byte: number): number => bytes.subarray(0, byte).toString('utf8').length;
  const detail = label?.label ? ` (${label.label})` : '';
  return {
    message: `${error.message.replace(/^failed to parse policy from string: /, '')}${detail}`,
    help: error.help,
    start: label === undefined ? 0 : unit(label.start),
    end: label === undefined ? text.length : unit(label.end),
  };
}
