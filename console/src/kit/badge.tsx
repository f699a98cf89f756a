import type { ReactNode } from 'react';
import { cn } from './cn.ts';

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'accent';

const TONES: Record<Tone, string> = {
  plain: 'border-line bg-sunk text-soft',
  good: 'border-good-line bg-good-tint text-good',
  warn: 'border-warn-line bg-warn-tint text-warn',
  bad: 'border-bad-line bg-bad-tint text-bad',
  accent: 'border-transparent bg-accent-tint text-accent',
};

export function Badge({
  tone = 'plain',
  children,
  className,
  title,
}: {
  tone?: Tone;
  children: ReactNode;
  className?: string;
  title?: string;
}) {
  return (
    <span
      title={title}
      className={cn(
        'inline-flex items-center gap-1 rounded-md border px-1.5 py-px text-xs font-medium whitespace-nowrap',
        TONES[tone],
        className,
      )}
    >
      {children}
    </span>
  );
}

const EFFECTS: Record<string, readonly [Tone, string]> = {
  permit: ['good', 'Permitted'],
  permitted: ['good', 'Permitted'],
  ask: ['warn', 'Asked'],
  asked: ['warn', 'Asked'],
  deny: ['bad', 'Denied'],
  denied: ['bad', 'Denied'],
  closed: ['plain', 'Done'],
  act: ['accent', 'Act'],
  ok: ['good', 'Done'],
  failed: ['warn', 'Failed'],
  unknown: ['warn', 'Unknown'],
};

/** A decision or an outcome, in the same words and colours everywhere. */
export function Effect({ of }: { of: string }) {
  const [tone, words] = EFFECTS[of] ?? ['plain', of];
  return <Badge tone={tone}>{words}</Badge>;
}

const STATES: Record<string, Tone> = {
  active: 'good',
  suspended: 'bad',
  orphaned: 'bad',
  requested: 'warn',
  approved: 'accent',
  decommissioned: 'plain',
  pending: 'warn',
  denied: 'bad',
  consumed: 'good',
  pinned: 'good',
  quarantined: 'bad',
  low: 'plain',
  medium: 'plain',
  high: 'warn',
  critical: 'bad',
};

export function State({ of }: { of: string }) {
  return <Badge tone={STATES[of] ?? 'plain'}>{of}</Badge>;
}

const TIERS = { watch: ['warn', 'Watched'], pause: ['warn', 'Paused'], halt: ['bad', 'Halted'] } as const;

export function TierBadge({ tier }: { tier: 'watch' | 'pause' | 'halt' }) {
  const [tone, words] = TIERS[tier];
  return <Badge tone={tone}>{words}</Badge>;
}
