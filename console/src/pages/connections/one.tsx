import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Connection } from '../../../../src/model/connection.ts';
import { change } from '../../api/client.ts';
import { useGet, useMay } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Facts } from '../../kit/card.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Go } from '../../kit/go.tsx';
import { Answered } from '../../kit/states.tsx';
import { Code } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { toast } from '../../kit/toast.tsx';
import { againOf, hoursWords, initiatorWords, scopeWords } from './form.ts';

export function OneConnection({ id, onClose }: { id: string | null; onClose: () => void }) {
  const may = useMay()('connections.write');
  const [removing, setRemoving] = useState<Connection | null>(null);
  const [gone, setGone] = useState<string | null>(null);
  // Not asked for once it is being removed: it would be found missing.
  const enabled = id !== null && removing === null && id !== gone;
  const asked = useGet<Connection>(`/v1/connections/${encodeURIComponent(id ?? '')}`, { enabled });
  const client = useQueryClient();
  const configured = asked.data?.createdBy === 'configuration';
  /** The removal is on record and stays there; this is another act. */
  const undo = async (connection: Connection): Promise<void> => {
    try {
      const body = { ...againOf(connection), reason: `Taken back: the removal of ${connection.id}` };
      await change({ method: 'POST', path: '/v1/connections', body });
      setGone(null);
      toast({ tone: 'good', text: `${connection.id} is there again` });
    } catch (error) {
      toast({ tone: 'bad', text: error instanceof Error ? error.message : String(error) });
    }
    await client.invalidateQueries({ queryKey: ['get'] });
  };
  return (
    <>
      <Dialog
        open={id !== null && removing === null}
        onOpenChange={(open) => {
          if (!open) onClose();
        }}
        title={`Connection ${id ?? ''}`}
        footer={
          may && asked.data !== undefined && !configured ? (
            <Button look="danger" onClick={() => setRemoving(asked.data ?? null)}>
              Remove
            </Button>
          ) : undefined
        }
      >
        <Answered query={asked}>{(connection) => <Terms connection={connection} configured={configured} />}</Answered>
      </Dialog>
      <Act
        open={removing !== null}
        onOpenChange={() => setRemoving(null)}
        title={`Remove ${removing?.id ?? ''}`}
        description="What was handed on over it is refused from the next call on."
        verb="Remove the connection"
        danger
        order={(reason) => ({
          method: 'DELETE',
          path: `/v1/connections/${encodeURIComponent(removing?.id ?? '')}?${new URLSearchParams({ reason })}`,
        })}
        onDone={() => {
          onClose();
          if (removing === null) return;
          setGone(removing.id);
          const words = `${removing.from} hands no more work to ${removing.to}`;
          toast({ tone: 'good', text: words, undo: { words: 'Create it again', run: () => void undo(removing) } });
        }}
      />
    </>
  );
}

function Terms({ connection, configured }: { connection: Connection; configured: boolean }) {
  const { from, to, scopes, initiators, maxDepth, requiresTask, hours, notAfterMs, createdBy, createdAtMs } =
    connection;
  return (
    <>
      <Facts
        items={[
          [
            'From',
            <Go key="from" to="/agents/$id" params={{ id: from }}>
              {from}
            </Go>,
          ],
          [
            'To',
            <Go key="to" to="/agents/$id" params={{ id: to }}>
              {to}
            </Go>,
          ],
          ['At most', scopeWords(scopes)],
          ['Begun by', initiatorWords(initiators)],
          ['Longest chain', maxDepth === null ? "the gateway's own limit" : `${maxDepth} actors`],
          ['Task', requiresTask ? 'only work bound to a task' : 'not needed'],
          ['Open', hoursWords(hours)],
          ['Until', notAfterMs === null ? 'no end' : <Time key="end" ms={notAfterMs} />],
          [
            'Made by',
            configured ? (
              <Badge key="by">configuration</Badge>
            ) : (
              <span key="by">
                {createdBy}, <Time ms={createdAtMs} />
              </span>
            ),
          ],
        ]}
      />
      {configured && (
        <p className="mt-4 text-[13px] text-soft">
          It stands in the configuration file under <Code>connections</Code>: change or remove it there.
        </p>
      )}
    </>
  );
}
