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
  return { file: source.path, ...place, message: finding.message, help: finding.help };
}
