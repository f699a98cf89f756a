import type { Problem } from '../../model/problem.ts';
import type { Piece } from '../text/lexer.ts';

/** A policy file as given, cut into policies. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Something wrong inside one policy, at a UTF-16 offset into its text. */
export interface Finding {
  readonly offset: number;
  readonly message: string;
  readonly help: string;
}

/** Line and column (both from 1, columns in UTF-16 units as editors count) of an offset into a text. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf('\n');
  let line = 1;
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line++;
  return { line, column: offset - lastBreak };
}

export function problemAt(source: Source, piece: Piece, finding: Finding): Problem {
  const place = placeOf(source.text, piece.offset + finding.offset);
  return { file: source.path, ...place, message: visible(finding.message), help: visible(finding.help) };
}

/** Problems are read in terminals and browsers: nothing in them may steer one. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => `\\u{${(char.codePointAt(0) as number).toString(16)}}`);
}

const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** A character that makes a policy, or a comment in it, read differently from what it does. */
export function bidiProblem(source: Source): Problem | null {
  const offset = source.text.search(BIDI);
  if (offset === -1) return null;
  const code = (source.text.codePointAt(offset) as number).toString(16).toUpperCase().padStart(4, '0');
  return {
    file: source.path,
    ...placeOf(source.text, offset),
    message: `the bidirectional control character U+${code} makes the text read differently from what it does`,
    help: `remove it; in a string write \\u{${code}} if it is meant`,
  };
}
