import { useNavigate } from '@tanstack/react-router';
import { History as Icon } from 'lucide-react';
import type { PolicyVersion } from '../../../../../src/model/insight/policies.ts';
import { Badge } from '../../../kit/badge.tsx';
import { Empty, Failed, Loading } from '../../../kit/states.tsx';
import { type Column, DataTable } from '../../../kit/table.tsx';
import { Code, visible } from '../../../kit/text.tsx';
import { Time } from '../../../kit/time.tsx';
import { usePages } from '../../../use-pages.ts';
import { WhoPublished, WhyPublished } from './who.tsx';

const COLUMNS: readonly Column<PolicyVersion>[] = [
  {
    id: 'version',
    head: 'Version',
    width: '13rem',
    cell: ({ version, inForce }) => (
      <span className="inline-flex items-center gap-2">
        <Code>{version.slice(0, 12)}</Code>
        {inForce && <Badge tone="good">in force</Badge>}
      </span>
    ),
  },
  {
    id: 'when',
    head: 'Came into force',
    width: '11rem',
    cell: ({ publishedAtMs }) => <Time ms={publishedAtMs} />,
    wideOnly: true,
  },
  { id: 'by', head: 'Published by', width: 'minmax(6rem,1fr)', cell: (version) => <WhoPublished of={version} /> },
  {
    id: 'author',
    head: 'Written by',
    width: 'minmax(6rem,1fr)',
    cell: ({ author }) => (author === null ? <span className="text-soft">in the folder</span> : visible(author)),
    wideOnly: true,
  },
  {
    id: 'reason',
    head: 'Why',
    width: 'minmax(10rem,2fr)',
    cell: (version) => <WhyPublished of={version} />,
    wideOnly: true,
  },
];

/** Every time a set came into force, newest first. */
export function History() {
  const navigate = useNavigate();
  const pages = usePages<PolicyVersion>('/v1/policies/versions', {}, { limit: 100 });
  if (pages.error !== null && pages.data === undefined)
    return <Failed error={pages.error} retry={() => void pages.refetch()} />;
  if (pages.data === undefined) return <Loading />;
  if (pages.rows.length === 0)
    return (
      <Empty icon={Icon} title="No history yet">
        Each set of policies that comes into force is kept, with who published it and why.
      </Empty>
    );
  return (
    <DataTable
      label="Versions"
      columns={COLUMNS}
      rows={pages.rows}
      keyOf={({ seq }) => String(seq)}
      onOpen={({ version }) =>
        void navigate({ to: '/policies/versions/$id', params: { id: version }, search: {} as never })
      }
      onEnd={pages.more}
    />
  );
}
