import { Link, useParams } from '@tanstack/react-router';
import { Undo2 } from 'lucide-react';
import { useState } from 'react';
import type { Page } from '../../../../src/model/insight/page.ts';
import type { PoliciesInForce, PolicyVersion } from '../../../../src/model/insight/policies.ts';
import { useGet, useMay, useMe } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Card, Facts, PageHead } from '../../kit/card.tsx';
import { Back, One } from '../../kit/one.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { useLeadOn } from '../../use-here.ts';
import { changedFiles, changesInWords } from './cedar/changes.ts';
import { FilesDiff } from './cedar/diff.tsx';
import { CedarEditor } from './cedar/editor.tsx';
import { WhoPublished, WhyPublished } from './lists/who.tsx';

const BACK = { to: '/policies', words: 'History', search: { tab: 'history' } } as const;

/** A set that is or was in force: what it says, what it changed, what bringing it back would change. */
export function VersionPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const version = useGet<PolicyVersion>(`/v1/policies/versions/${encodeURIComponent(id)}`);
  return (
    <One
      query={version}
      kind="version"
      id={id}
      back={BACK}
      lines={12}
      gone="Only what was in force here is kept as a version. A draft becomes one when it is published."
    >
      {(found) => <Shown version={found} />}
    </One>
  );
}

function Shown({ version }: { version: PolicyVersion }) {
  const [search, set] = useFilters();
  const inForce = useGet<PoliciesInForce>('/v1/policies').data;
  const newest = useGet<Page<PolicyVersion>>('/v1/policies/versions?limit=200').data?.items;
  const earlier = newest?.find(({ seq }) => seq < version.seq);
  const before = useGet<PolicyVersion>(`/v1/policies/versions/${encodeURIComponent(earlier?.version ?? '')}`, {
    enabled: earlier !== undefined,
  }).data;
  const files = version.files ?? [];
  const panels = [
    {
      id: 'change',
      label: 'What it changed',
      content:
        newest === undefined || (earlier !== undefined && before === undefined) ? null : (
          <FilesDiff before={before?.files ?? []} after={files} same="It says the same as the version before it." />
        ),
    },
    ...(version.inForce
      ? []
      : [
          {
            id: 'back',
            label: 'Against what is in force',
            content:
              inForce === undefined ? null : (
                <FilesDiff before={inForce.files} after={files} same="It says what is in force already." />
              ),
          },
        ]),
    { id: 'files', label: `Files (${files.length})`, content: <Files files={files} /> },
  ];
  const at = panels.some(({ id }) => id === search.panel) ? (search.panel as string) : 'change';
  return (
    <>
      <PageHead
        tab={`Version ${version.version.slice(0, 12)}`}
        back={<Back {...BACK} />}
        title={
          <>
            Version <Code>{version.version.slice(0, 12)}</Code>
            {version.inForce ? <Badge tone="good">in force</Badge> : <Badge>was in force</Badge>}
          </>
        }
        actions={<Rollback version={version} inForce={inForce} />}
      />
      <Card className="mb-5 p-4">
        <Facts
          items={[
            ['Version', <Code copy>{version.version}</Code>],
            ['Came into force', <Time ms={version.publishedAtMs} />],
            ['Published by', <WhoPublished of={version} />],
            ['Why', <WhyPublished of={version} />],
            ['Written by', version.author === null ? 'nobody here: it stood in the folder' : visible(version.author)],
            version.draft !== null && [
              'Draft',
              <Link to="/policies/drafts/$id" params={{ id: version.draft }} className="text-accent hover:underline">
                <Code>{version.draft}</Code>
              </Link>,
            ],
          ]}
        />
      </Card>
      <Tabs
        label="About this version"
        value={at}
        onChange={(panel) => set({ panel: panel === 'change' ? null : panel })}
        tabs={panels}
      />
    </>
  );
}

function Files({ files }: { files: NonNullable<PolicyVersion['files']> }) {
  return (
    <div className="space-y-4">
      {files.map(({ path, text }) => (
        <Card key={path} className="overflow-hidden">
          <h2 className="border-b px-4 py-2">
            <Code className="font-semibold">{path}</Code>
          </h2>
          <CedarEditor path={path} text={text} />
        </Card>
      ))}
    </div>
  );
}

/** An old set comes into force again, whole: with a reason, and a passkey. */
function Rollback({ version, inForce }: { version: PolicyVersion; inForce: PoliciesInForce | undefined }) {
  const may = useMay();
  const me = useMe().data;
  const leadOn = useLeadOn();
  // The set somebody compared it with: where another has come into force since, nothing is done.
  const [base, setBase] = useState<string | null>(null);
  if (version.inForce || !may('policies.publish') || inForce === undefined) return null;
  const why = !inForce.editable
    ? `Policies are read only here: ${inForce.readOnlyBecause ?? 'as configured'}.`
    : me?.canStepUp === false
      ? 'This is confirmed with a passkey. Add one on your account page.'
      : null;
  return (
    <>
      {why !== null && <span className="text-[13px] text-soft">{why}</span>}
      <Button disabled={why !== null} onClick={() => setBase(inForce.version)}>
        <Undo2 aria-hidden /> Bring it back…
      </Button>
      <Act<PolicyVersion>
        open={base !== null}
        onOpenChange={() => setBase(null)}
        title="Bring this version back into force"
        description="All policies are then as they were in this version, from the next call on. You confirm it with your passkey."
        verb="Bring it back"
        danger
        order={(reason) => ({
          method: 'POST',
          path: '/v1/policies/rollback',
          body: { version: version.version, base: base ?? inForce.version, reason },
        })}
        done={(answer) => `Version ${answer.version.slice(0, 12)} is in force again`}
        onDone={() => void leadOn({ to: '/policies', search: {} as never })}
      >
        <p>
          Against what is in force now:{' '}
          <strong>{changesInWords(changedFiles(inForce.files, version.files ?? [])) ?? 'nothing changes'}</strong>.
        </p>
      </Act>
    </>
  );
}
