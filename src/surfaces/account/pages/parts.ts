import type { Agent } from '../../../model/agent.ts';
import { type Html, html } from '../web/html.ts';
import { shown } from '../web/shown.ts';
import type { Visit } from '../web/visit.ts';

export function csrfField(visit: Visit): Html {
  return html`<input type="hidden" name="csrf" value="${visit.csrf}">`;
}

export function note(tone: 'bad' | 'warn' | 'good', text: Html | string): Html {
  return html`<div class="note ${tone}" role="${tone === 'bad' ? 'alert' : 'status'}"><p>${text}</p></div>`;
}

/** Where the script says what went wrong. */
export function alertPlace(id = 'alert'): Html {
  return html`<p class="note bad" id="${id}" role="alert" hidden></p>`;
}

/** Dates as people in any country read them, in UTC, because the server does not know where they are. */
export function when(ms: number): Html {
  const iso = new Date(ms).toISOString();
  const [day = '', time = ''] = iso.split('T');
  const [year, month, date] = day.split('-');
  return html`<time datetime="${iso}">${Number(date)} ${MONTHS[Number(month) - 1]} ${year}, ${time.slice(0, 5)} UTC</time>`;
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

const ARCHETYPES = {
  homegrown: 'Built here',
  saas: 'A service from outside',
  developer_tool: 'A developer tool',
} as const;
const RISKS = {
  low: ['good', 'Low risk'],
  medium: ['', 'Medium risk'],
  high: ['warn', 'High risk'],
  critical: ['bad', 'Critical risk'],
} as const;
const STATES = {
  requested: ['warn', 'Not approved yet'],
  approved: ['warn', 'Approved, not started'],
  active: ['good', 'Active'],
  suspended: ['bad', 'Suspended'],
  orphaned: ['bad', 'Without an owner'],
  decommissioned: ['bad', 'Ended'],
} as const;

export function archetypeOf(agent: Agent): string {
  return ARCHETYPES[agent.archetype];
}

export function riskTag(agent: Agent): Html {
  const [tone, words] = RISKS[agent.riskTier];
  return html`<span class="tag ${tone}">${words}</span>`;
}

export function stateTag(agent: Agent): Html {
  const [tone, words] = STATES[agent.state];
  return html`<span class="tag ${tone}">${words}</span>`;
}

export function initials(name: string): string {
  const parts = shown(name)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== '');
  return (
    parts
      .slice(0, 2)
      .map((part) => [...part][0]?.toUpperCase())
      .join('') || '?'
  );
}
