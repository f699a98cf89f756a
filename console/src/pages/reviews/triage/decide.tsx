import { useState } from 'react';
import { Act } from '../../../kit/act.tsx';
import { PersonInput } from '../../../kit/entity.tsx';
import { Field } from '../../../kit/field.tsx';
import { visible } from '../../../kit/text.tsx';
import type { Campaign, Item } from '../words.ts';

export type Verdict = 'certify' | 'reduce' | 'revoke' | 'reassign';

const TITLES: Readonly<Record<Verdict, string>> = {
  certify: 'Certify',
  reduce: 'Reduce',
  revoke: 'Revoke',
  reassign: 'Reassign',
};
const WHAT: Readonly<Record<Verdict, string>> = {
  certify: 'It keeps what it has.',
  reduce: 'It keeps only what stays ticked. More can be given again later by whoever may change agents.',
  revoke: 'It is suspended at once: its calls are refused until somebody resumes it.',
  reassign: 'Somebody else answers for it from now on.',
};
const DONE: Readonly<Record<Verdict, string>> = {
  certify: 'certified',
  reduce: 'reduced',
  revoke: 'revoked',
  reassign: 'reassigned',
};

/** One decision with its reason; the first counts, and takes effect with its record. */
export function Decide({
  campaign,
  item,
  verdict,
  said,
  onSaid,
  onClose,
  onDone,
}: {
  campaign: Campaign;
  item: Item;
  verdict: Verdict;
  said: string;
  onSaid: (reason: string) => void;
  onClose: () => void;
  onDone: () => void;
}) {
  const [scopes, setScopes] = useState<readonly string[]>(item.scopes ?? []);
  const [servers, setServers] = useState<readonly string[]>(item.servers ?? []);
  const [to, setTo] = useState('');
  const name = visible(item.name ?? item.agent);
  const reduced = [
    ...(item.scopes !== null && scopes.length < item.scopes.length ? [{ scopes }] : []),
    ...(item.servers !== null && servers.length < item.servers.length ? [{ servers }] : []),
  ];
  const nothing = verdict !== 'reduce' ? null : cannotReduce(item);
  const ticks = verdict === 'reduce' && nothing === null;
  const ready =
    verdict === 'reduce' ? reduced.length > 0 && nothing === null : verdict !== 'reassign' || to.trim() !== '';
  const more = verdict === 'reduce' ? Object.assign({}, ...reduced) : verdict === 'reassign' ? { to: to.trim() } : {};
  return (
    <Act
      open
      onOpenChange={onClose}
      title={`${TITLES[verdict]} ${name}`}
      description={WHAT[verdict]}
      verb={TITLES[verdict]}
      danger={verdict === 'revoke'}
      ready={ready}
      said={verdict === 'certify' ? said : ''}
      order={(reason) => {
        if (verdict === 'certify') onSaid(reason);
        const path = `/v1/reviews/${encodeURIComponent(campaign.id)}/items/${encodeURIComponent(item.agent)}`;
        return { method: 'POST', path, body: { outcome: verdict, reason, ...more } };
      }}
      done={`${name} is ${DONE[verdict]}`}
      onDone={onDone}
    >
      {verdict === 'reassign' && (
        <Field label="New owner">{(ids) => <PersonInput {...ids} required value={to} onChange={setTo} />}</Field>
      )}
      {nothing !== null && <p className="rounded-lg border border-warn-line bg-warn-tint p-3 text-warn">{nothing}</p>}
      {ticks && item.servers !== null && (
        <Ticks label="Servers it keeps" all={item.servers} kept={servers} onChange={setServers} />
      )}
      {ticks && item.scopes !== null && (
        <Ticks label="Scopes it keeps" all={item.scopes} kept={scopes} onChange={setScopes} />
      )}
    </Act>
  );
}

/** Why there is nothing to narrow here; `null`: there is. */
function cannotReduce({ origin, scopes, servers }: Item): string | null {
  if (origin === 'configuration')
    return 'It stands in the configuration file: take servers or scopes away from it there, or revoke it here.';
  return scopes === null && servers === null
    ? 'It has no list of servers or scopes of its own: policies alone decide. Give it lists on its page, or revoke it.'
    : null;
}

function Ticks({
  label,
  all,
  kept,
  onChange,
}: {
  label: string;
  all: readonly string[];
  kept: readonly string[];
  onChange: (kept: readonly string[]) => void;
}) {
  return (
    <fieldset>
      <legend className="text-[13px] font-medium">{label}</legend>
      <div className="mt-1 flex flex-wrap gap-x-5 gap-y-1.5">
        {all.map((each) => (
          <label key={each} className="flex items-center gap-2">
            <input
              type="checkbox"
              className="size-4 accent-accent"
              checked={kept.includes(each)}
              onChange={(event) =>
                onChange(
                  event.target.checked
                    ? all.filter((one) => one === each || kept.includes(one))
                    : kept.filter((one) => one !== each),
                )
              }
            />
            {visible(each)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
