import { useState } from 'react';
import type { AgentLine } from '../../../../src/model/insight/agents.ts';
import type { Page } from '../../../../src/model/insight/page.ts';
import { query } from '../../api/client.ts';
import { useGet } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { PersonInput } from '../../kit/entity.tsx';
import { Choice, Field, Input } from '../../kit/field.tsx';
import { counted } from '../../kit/time.tsx';
import { useLeadOn } from '../../use-here.ts';
import type { Campaign } from './words.ts';

const DAY_MS = 86_400_000;
const EMPTY_FILTER = { owner: '', department: '', riskTier: '', template: '', search: '' };

/** Which agents, by when, who decides, and what happens to those nobody looked at. */
export function NewReview({ onClose }: { onClose: () => void }) {
  const leadOn = useLeadOn();
  const [name, setName] = useState('');
  const [due, setDue] = useState(() => localDay(Date.now() + 14 * DAY_MS));
  const [filter, setFilter] = useState(EMPTY_FILTER);
  const [reviewers, setReviewers] = useState('');
  const [excludeRequester, setExclude] = useState(false);
  const [overdue, setOverdue] = useState<'none' | 'suspend'>('none');
  const set = (field: keyof typeof filter) => (value: string) => setFilter({ ...filter, [field]: value });
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value.trim() !== ''));
  const fits = useGet<Page<AgentLine> & { total: number }>(`/v1/agents/summaries${query({ ...given, limit: 1 })}`);
  // The end of that day where the viewer is.
  const dueAtMs = due === '' ? 0 : new Date(`${due}T23:59:00`).getTime();
  const people = reviewers.split(/[\s,]+/).filter((id) => id !== '');
  const dueProblem = due !== '' && dueAtMs <= Date.now() ? 'That day is over.' : null;
  return (
    <Act<Campaign>
      open
      wide
      onOpenChange={onClose}
      title="Start a review"
      description="Each agent is decided on by one of its reviewers. What they decide takes effect at once and is on record."
      verb="Start the review"
      ready={name.trim() !== '' && due !== '' && dueProblem === null && (fits.data?.total ?? 1) > 0}
      order={(reason) => ({
        method: 'POST',
        path: '/v1/reviews',
        body: {
          ...{ name: name.trim(), dueAtMs, filter: given, excludeRequester, overdue, reason },
          ...(people.length === 0 ? {} : { reviewers: people }),
          remindDays: [7, 3, 1],
        },
      })}
      done={(campaign) => `${campaign.name} is open`}
      onDone={({ id }) => void leadOn({ to: '/reviews/$id', params: { id } })}
    >
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-[2fr_1fr]">
        <Field label="Name">
          {(ids) => (
            <Input
              {...ids}
              required
              maxLength={200}
              autoComplete="off"
              placeholder="Fourth quarter, high risk"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Due" problem={dueProblem}>
          {(ids) => (
            <Input {...ids} type="date" required value={due} onChange={(event) => setDue(event.target.value)} />
          )}
        </Field>
      </div>
      <fieldset className="rounded-lg border p-3">
        <legend className="px-1 text-[13px] font-medium">Agents</legend>
        <div className="grid grid-cols-1 gap-3 sm:grid-cols-3">
          <Field label="Owner">{(ids) => <PersonInput {...ids} value={filter.owner} onChange={set('owner')} />}</Field>
          <Field label="Department">
            {(ids) => (
              <Input {...ids} value={filter.department} onChange={(event) => set('department')(event.target.value)} />
            )}
          </Field>
          <Field label="Risk">
            {(ids) => (
              <Choice
                {...ids}
                className="w-full"
                value={filter.riskTier}
                onChange={(event) => set('riskTier')(event.target.value)}
              >
                <option value="">any</option>
                {['low', 'medium', 'high', 'critical'].map((tier) => (
                  <option key={tier}>{tier}</option>
                ))}
              </Choice>
            )}
          </Field>
          <Field label="Template">
            {(ids) => (
              <Input {...ids} value={filter.template} onChange={(event) => set('template')(event.target.value)} />
            )}
          </Field>
          <Field label="Name, id or purpose" className="sm:col-span-2">
            {(ids) => <Input {...ids} value={filter.search} onChange={(event) => set('search')(event.target.value)} />}
          </Field>
        </div>
        <p role="status" className="mt-2 text-[13px] text-soft">
          {fits.data === undefined
            ? 'Counting…'
            : fits.data.total === 0
              ? 'No agent fits: there would be nothing to review.'
              : `${counted(fits.data.total, 'agent fits', 'agents fit')} now. Requested and decommissioned ones are left out.`}
        </p>
      </fieldset>
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <Field label="Reviewers" hint="Ids, separated by spaces. Empty: owner and deputies of each agent.">
          {(ids) => <Input {...ids} value={reviewers} onChange={(event) => setReviewers(event.target.value)} />}
        </Field>
        <Field label="Whom nobody looked at in time">
          {(ids) => (
            <Choice
              {...ids}
              className="w-full"
              value={overdue}
              onChange={(event) => setOverdue(event.target.value as typeof overdue)}
            >
              <option value="none">stays as it is, on record</option>
              <option value="suspend">is suspended</option>
            </Choice>
          )}
        </Field>
      </div>
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={excludeRequester}
          onChange={(event) => setExclude(event.target.checked)}
        />
        Nobody decides on what they requested themselves
      </label>
    </Act>
  );
}

function localDay(ms: number): string {
  const at = new Date(ms);
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}
