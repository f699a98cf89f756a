import { styleText } from 'node:util';
import { visible, visibleLines } from './text.ts';

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'dim' | 'strong';
export interface Cell {
  readonly text: string;
  readonly tone: Tone;
}
export type Row = readonly (string | number | null | Cell)[];

export interface TerminalOptions {
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean };
  readonly json: boolean;
  readonly color: boolean;
}

const STYLES: Readonly<Record<Tone, Parameters<typeof styleText>[0]>> = {
  plain: 'reset',
  good: 'green',
  warn: 'yellow',
  bad: 'red',
  dim: 'dim',
  strong: 'bold',
};

/** Everything the command line says. Results go to stdout, messages to stderr; with --json stdout has one JSON value. */
export interface Terminal {
  readonly json: boolean;
  readonly interactive: boolean;
  /** The result as one JSON value; does nothing without --json. */
  value(value: unknown): void;
  /** A line of the result for people; does nothing with --json. */
  line(text: string, tone?: Tone): void;
  /** A table for people: aligned on a terminal, tab-separated when piped; does nothing with --json. */
  table(columns: readonly string[], rows: readonly Row[]): void;
  /** Says something beside the result. */
  note(text: string, tone?: Tone): void;
}

export function makeTerminal(options: TerminalOptions): Terminal {
  const { stdout, stderr, json } = options;
  const paint = (text: string, tone: Tone, stream: { isTTY?: boolean }): string =>
    options.color && stream.isTTY === true && tone !== 'plain'
      ? styleText(STYLES[tone], text, { validateStream: false })
      : text;
  return {
    json,
    interactive: stdout.isTTY === true && !json,
    value(value) {
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
    },
    line(text, tone = 'plain') {
      if (!json) stdout.write(`${paint(visibleLines(text), tone, stdout)}\n`);
    },
    table(columns, rows) {
      if (json) return;
      const cells = rows.map((row) => row.map(toCell));
      if (stdout.isTTY !== true) {
        for (const row of [columns.map(toCell), ...cells]) stdout.write(`${row.map((cell) => cell.text).join('\t')}\n`);
        return;
      }
      stdout.write(
        align(columns, cells, { width: stdout.columns ?? 100, paint: (text, tone) => paint(text, tone, stdout) }),
      );
    },
    note(text, tone = 'plain') {
      stderr.write(`${paint(visibleLines(text), tone, stderr)}\n`);
    },
  };
}

function toCell(value: string | number | null | Cell): Cell {
  if (value === null) return { text: '-', tone: 'dim' };
  if (typeof value === 'object') return { text: visible(value.text), tone: value.tone };
  return { text: visible(String(value)), tone: 'plain' };
}

interface Layout {
  readonly width: number;
  readonly paint: (text: string, tone: Tone) => string;
}

/** Columns as wide as their content; the last one is cut at the edge of the terminal, never wrapped into another row. */
function align(columns: readonly string[], rows: readonly (readonly Cell[])[], layout: Layout): string {
  const widths = columns.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.text.length ?? 0)));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const room = Math.max(10, layout.width - before);
  const render = (cells: readonly Cell[]): string =>
    cells
      .map((cell, i) => {
        const last = i === columns.length - 1;
        const text = last && cell.text.length > room ? `${cell.text.slice(0, room - 1)}…` : cell.text;
        return layout.paint(last ? text : text.padEnd(widths[i] ?? 0), cell.tone);
      })
      .join('  ');
  const head = columns.map((text): Cell => ({ text: text.toUpperCase(), tone: 'strong' }));
  return `${[head, ...rows].map(render).join('\n')}\n`;
}
