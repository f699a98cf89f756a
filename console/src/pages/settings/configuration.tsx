import type { SettingsView } from '../../../../src/model/insight/estate.ts';
import { useGet } from '../../api/hooks.ts';
import { Badge } from '../../kit/badge.tsx';
import { Panel } from '../../kit/card.tsx';
import { SearchBox } from '../../kit/field.tsx';
import { Answered, Empty } from '../../kit/states.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { useFilters } from '../../use-filters.ts';
import { limitWords } from './words.ts';

/** What the file says, with where it says it. Secrets are not part of it. */
export function Configuration() {
  const asked = useGet<SettingsView>('/v1/settings');
  return (
    <Answered query={asked} lines={10}>
      {({ facts, file }) => (
        <>
          <p className="mb-3 text-soft">
            In force now, from <Code>{file}</Code>. Changes of the file are taken over by themselves where the gateway
            watches it; <Code copy>interlock check</Code> says what is wrong before that.
          </p>
          <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
            {[...Map.groupBy(facts, ({ group }) => group)].map(([group, rows]) => (
              <Panel key={group} title={group} bodyClass="p-0">
                <dl>
                  {rows.map(({ name, value, key }) => (
                    <div
                      key={key + name}
                      className="grid grid-cols-[minmax(8rem,1fr)_2fr] gap-x-4 border-b px-4 py-2 last:border-0"
                    >
                      <dt className="text-[13px] text-soft">{name}</dt>
                      <dd className="min-w-0">
                        {visible(value)} <Code className="block text-xs text-soft">{key}</Code>
                      </dd>
                    </div>
                  ))}
                </dl>
              </Panel>
            ))}
          </div>
        </>
      )}
    </Answered>
  );
}

/** Every bound there is, and what happens beyond it. */
export function Limits() {
  const [search, set] = useFilters();
  const asked = useGet<SettingsView>('/v1/settings');
  const wanted = (search.q ?? '').toLowerCase();
  return (
    <div className="space-y-3">
      <SearchBox value={search.q ?? ''} onChange={(q) => set({ q })} label="Search limits" />
      <Answered query={asked} lines={12}>
        {({ limits }) => {
          const rows = limits.filter(({ name, what }) => `${name} ${what}`.toLowerCase().includes(wanted));
          if (rows.length === 0) return <Empty title="No limit is called like that" />;
          return (
            <ul className="rounded-xl border bg-card shadow-card">
              {rows.map(({ name, value, unit, default: usual, what }) => (
                <li
                  key={name}
                  className="flex flex-wrap items-baseline gap-x-4 gap-y-0.5 border-b px-4 py-2 last:border-0"
                >
                  <Code className="w-48 shrink-0">{name}</Code>
                  <span className="tabular w-32 shrink-0 font-medium">
                    {limitWords(value, unit)} {value !== usual && <Badge tone="accent">set</Badge>}
                  </span>
                  <span className="min-w-60 flex-1 text-[13px] text-soft">
                    {what.replaceAll('`', '')}
                    {value !== usual && <> Usually {limitWords(usual, unit)}.</>}
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </Answered>
      <p className="text-[13px] text-soft">
        Set under <Code>limits</Code> in the configuration. Every limit has a safe default.
      </p>
    </div>
  );
}
