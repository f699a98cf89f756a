import { Badge, type Tone } from '../kit/badge.tsx';
import { STAND_WORDS, type Stand } from './words.ts';

const TONES: Readonly<Record<Stand, Tone>> = {
  denied: 'bad',
  asked: 'warn',
  ok: 'good',
  failed: 'warn',
  unknown: 'warn',
  running: 'accent',
  permitted: 'good',
};

/** How a call stands, in the same words and colours everywhere. */
export function StandBadge({ of }: { of: Stand }) {
  return <Badge tone={TONES[of]}>{STAND_WORDS[of]}</Badge>;
}

/** Of a bar or a node: fill and edge. */
export const STAND_FILL: Readonly<Record<Stand, string>> = {
  denied: 'bg-bad-tint border-bad',
  asked: 'bg-warn-tint border-warn',
  ok: 'bg-good-tint border-good',
  failed: 'bg-warn-tint border-warn',
  unknown: 'bg-warn-tint border-warn',
  running: 'bg-accent-tint border-accent',
  permitted: 'bg-good-tint border-good',
};
