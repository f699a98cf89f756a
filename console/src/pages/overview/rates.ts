import type { Pulse } from '../../../../src/model/insight/overview.ts';

const OVER = 5;

/** Over the last few seconds that are whole: the newest one is still being counted. */
export function ratesOf({ permitted, asked, denied, stepMs }: Pulse): { readonly perSecond: string } {
  const whole = (values: readonly number[]) => values.slice(-OVER - 1, -1);
  const all = [permitted, asked, denied].flatMap(whole).reduce((sum, n) => sum + n, 0);
  const seconds = (whole(permitted).length * stepMs) / 1000;
  const rate = seconds === 0 ? 0 : all / seconds;
  return { perSecond: rate === 0 || rate >= 10 ? String(Math.round(rate)) : rate.toFixed(1) };
}

/** Without the zeros nothing stands beside: what hardly ever happens is no line along the bottom. */
export function sparse(values: readonly number[]): readonly (number | null)[] {
  return values.map((n, i) => (n !== 0 || (values[i - 1] ?? 0) !== 0 || (values[i + 1] ?? 0) !== 0 ? n : null));
}
