import type { Place, WhoIsAsked } from '../../approvals/approvers/explain.ts';
import type { Context } from '../shell/context.ts';
import { formatDuration } from '../shell/text.ts';
import { openClient } from './client.ts';

interface WhoOptions {
  readonly agent?: string;
  readonly for?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly environment?: string;
  readonly dataClass?: string;
  readonly effect?: string;
}

const WHY = { separation: 'started it', inactive: 'is deactivated' } as const;

/** Who would be asked now, and who is meant and may not answer. */
export async function whoIsAsked(context: Context, ask: string, options: WhoOptions): Promise<void> {
  const { agent, for: subject, amount, currency, environment, dataClass, effect } = options;
  const client = await openClient(context);
  // What was not given is left out of the JSON.
  const question = { ask, agent, subject, amount, currency, environment, dataClass, effect };
  const answer = await client.post<WhoIsAsked>('/v1/approvers', question);
  const { terminal } = context;
  terminal.value(answer);
  if (answer.kind === 'automatic') return terminal.line(`goes on by itself: ${answer.rule}`, 'warn');
  if (answer.kind === 'nobody') return terminal.line(`refused: nobody could answer. ${answer.why}`, 'bad');
  for (const { ask: text, places } of answer.parts) {
    terminal.line(`${text}: ${places.length === 1 ? 'one answer' : `${places.length} answers, of different people`}`);
    for (const place of places) terminal.line(`  ${placeText(place)}`, place.may.length === 0 ? 'bad' : 'plain');
  }
  for (const { afterMs, who } of answer.escalations)
    terminal.line(`after ${formatDuration(afterMs)} also ${who.join(', ')}`);
  terminal.line(`proof     ${answer.assurance}`);
  terminal.line(`expires   after ${formatDuration(answer.expireMs)}`);
  terminal.line(`told now  ${answer.told.length === 0 ? 'nobody' : answer.told.join(', ')}`);
  const asksOwner = answer.parts.some(({ places }) => places.some(({ who }) => who.includes('owner of the agent')));
  if (asksOwner && options.agent === undefined) terminal.note('whose owner? add --agent <id>', 'warn');
}

function placeText({ who, may, mayNot }: Place): string {
  const able = may.map(({ person, standsFor }) => (standsFor === null ? person : `${person} for ${standsFor} (away)`));
  const barred = mayNot.map(({ person, why }) => `${person} (${WHY[why]})`);
  const not = barred.length === 0 ? '' : `; not ${barred.join(', ')}`;
  return `${who.join(' | ')}: ${able.length === 0 ? 'nobody now' : able.join(', ')}${not}`;
}
