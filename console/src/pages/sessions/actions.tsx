import { Download, Link2, OctagonX } from 'lucide-react';
import { useState } from 'react';
import type { CallView, SessionView } from '../../../../src/model/insight/records.ts';
import { get } from '../../api/client.ts';
import { useMay } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Button } from '../../kit/button.tsx';
import { download } from '../../kit/download.ts';
import { Menu } from '../../kit/menu.tsx';
import { copyText } from '../../kit/text.tsx';
import { toast } from '../../kit/toast.tsx';
import { toCsv, toNdjson } from './export.ts';
import { joinPages, type Story } from './story.ts';

/** An export is what one person can look at, not a dump of the record: that is what the journal's files are for. */
const MOST_CALLS = 20_000;

interface ActionsProps {
  readonly kind: 'session' | 'transaction';
  readonly id: string;
  readonly story: Story;
  readonly pathOf: (cursor: string | null) => string;
  readonly complete: boolean;
}

export function SessionActions({ kind, id, story, pathOf, complete }: ActionsProps) {
  const may = useMay();
  const [busy, setBusy] = useState(false);
  const [stopping, setStopping] = useState(false);
  const save = async (format: 'ndjson' | 'csv'): Promise<void> => {
    setBusy(true);
    try {
      const calls = complete ? story.calls : await everyCall(pathOf);
      const name = `${kind}-${id.replaceAll(/[^\w.-]/g, '_')}.${format}`;
      if (format === 'csv') download(name, toCsv(calls), 'text/csv');
      else download(name, toNdjson(calls), 'application/x-ndjson');
    } catch (error) {
      toast({ tone: 'bad', text: error instanceof Error ? error.message : 'The export did not work.' });
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button
        onClick={() =>
          void copyText(window.location.href).then((done) => {
            if (done)
              toast({ tone: 'good', text: 'The link is copied. It shows what you see now, to whoever may see it.' });
          })
        }
      >
        <Link2 aria-hidden /> Copy link
      </Button>
      <Menu
        trigger={
          <Button busy={busy} disabled={story.calls.length === 0}>
            <Download aria-hidden /> Export
          </Button>
        }
        items={[
          { label: 'NDJSON, one call a line', onSelect: () => void save('ndjson') },
          { label: 'CSV, for a spreadsheet', onSelect: () => void save('csv') },
        ]}
      />
      {kind === 'session' && may('locks.write') && (
        <>
          <Button look="danger" onClick={() => setStopping(true)}>
            <OctagonX aria-hidden /> Stop session
          </Button>
          <Act
            open={stopping}
            onOpenChange={setStopping}
            title="Stop this session"
            description="Its calls under way end at once, and no further one is let through. The agent's other sessions go on."
            verb="Stop session"
            danger
            order={(reason) => ({
              method: 'POST',
              path: '/v1/locks',
              body: { target: `session:${id}`, tier: 'halt', reason },
            })}
            done="The session is stopped. Release it on the kill switch page."
          />
        </>
      )}
    </>
  );
}

async function everyCall(pathOf: ActionsProps['pathOf']): Promise<readonly CallView[]> {
  const pages: SessionView[] = [];
  let cursor: string | null = null;
  do {
    const page: SessionView = await get<SessionView>(pathOf(cursor));
    pages.push(page);
    cursor = page.next;
  } while (cursor !== null && pages.reduce((sum, { calls }) => sum + calls.length, 0) < MOST_CALLS);
  if (cursor !== null)
    toast({ tone: 'bad', text: `Only the first ${MOST_CALLS.toLocaleString()} calls are in the file.` });
  return joinPages(pages).calls;
}
