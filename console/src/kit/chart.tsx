import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useTheme } from '../shell/theme.ts';

export interface Series {
  readonly label: string;
  /** A variable of colour: `--good`. */
  readonly color: string;
  readonly values: readonly (number | null)[];
  readonly look?: 'area' | 'line' | 'dashed';
}

interface ChartProps {
  /** In words, for those who cannot see it. */
  readonly label: string;
  /** Milliseconds. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly height?: number;
  readonly format?: (value: number) => string;
}

const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const MINUTE = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const SECOND = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** Calls are counted: there is no half of one. */
const WHOLE = Array.from({ length: 10 }, (_, i) => [1, 2, 5].map((n) => n * 10 ** i)).flat();

/** As exact as the distance between two marks, in the viewer's zone. */
function timeLabel(ms: number, stepS: number): string {
  return (stepS >= 86_400 ? DAY : stepS >= 60 ? MINUTE : SECOND).format(ms);
}

/** Lines over time. Redrawn in place when data come, so that a live chart costs little. */
export function Chart({
  label,
  times,
  series,
  height = 160,
  format = (value) => String(Math.round(value * 100) / 100),
}: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useTheme();
  const shape = series.map(({ label: name, color, look }) => `${name} ${color} ${look}`).join();
  useEffect(() => {
    const at = box.current;
    if (at === null) return;
    const style = getComputedStyle(document.documentElement);
    const of = (name: string): string => style.getPropertyValue(name).trim();
    const axis = {
      stroke: of('--soft'),
      grid: { stroke: of('--line'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui',
    };
    const made = new uPlot(
      {
        width: at.clientWidth,
        height,
        cursor: { y: false, points: { size: 6 } },
        legend: { show: false },
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 30,
            space: 72,
            values: (_plot, splits, _axis, _space, stepS) => splits.map((at) => timeLabel(at * 1000, stepS)),
          },
          { ...axis, size: 44, incrs: WHOLE, values: (_plot, splits) => splits.map(format) },
        ],
        series: [
          {},
          ...series.map(({ label: name, color, look = 'line' }) => ({
            label: name,
            stroke: of(color),
            width: look === 'dashed' ? 1 : 1.75,
            points: { show: false },
            ...(look === 'area' ? { fill: `color-mix(in srgb, ${of(color)} 14%, transparent)` } : {}),
            ...(look === 'dashed' ? { dash: [4, 4] } : {}),
          })),
        ],
      },
      [[], ...series.map(() => [])] as uPlot.AlignedData,
      at,
    );
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height }));
    sizes.observe(at);
    return () => {
      sizes.disconnect();
      made.destroy();
      plot.current = null;
    };
    // Made anew when it is another chart, not when its values change.
  }, [shape, height, theme]);
  useEffect(() => {
    plot.current?.setData([
      times.map((ms) => ms / 1000),
      ...series.map(({ values }) => [...values]),
    ] as uPlot.AlignedData);
  });
  const last = series.map(({ label: name, values }) => `${name} ${format(values.at(-1) ?? 0)}`).join(', ');
  return (
    <figure>
      {/* Its width is that of the place it stands in, never the other way round. */}
      <div
        ref={box}
        className="overflow-hidden contain-inline-size"
        role="img"
        aria-label={`${label}. Now: ${last}.`}
        style={{ height }}
      />
      <figcaption className="mt-1 flex flex-wrap gap-x-4 gap-y-1 text-xs text-soft">
        {series.map(({ label: name, color, look }) => (
          <span key={name} className="inline-flex items-center gap-1.5">
            <span
              aria-hidden
              className="inline-block h-0 w-4 border-t-2"
              style={{ borderColor: `var(${color})`, borderStyle: look === 'dashed' ? 'dashed' : 'solid' }}
            />
            {name}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
