import { pino, stdTimeFunctions } from 'pino';
import type { Log } from '../../gateway/gateway.ts';

/** Structured log on stderr: stdout belongs to commands. Secrets never reach it because nothing that holds one is logged. */
export function openLog(level: string, format: 'auto' | 'json' | 'pretty'): Log {
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY === true);
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime };
  return pretty
    ? pino(options, { write: (line: string) => void process.stderr.write(toPretty(line)) })
    : pino(options, pino.destination(2));
}

const NAMES: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'WARN', 50: 'ERROR' };

function toPretty(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown> & {
    err?: { message?: string };
  };
  const fields = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const cause = err?.message === undefined ? '' : ` (${err.message})`;
  return `${String(time).slice(11, 23)} ${(NAMES[Number(level)] ?? String(level)).padEnd(5)} ${msg}${cause}${fields.length === 0 ? '' : ` ${fields.join(' ')}`}\n`;
}
