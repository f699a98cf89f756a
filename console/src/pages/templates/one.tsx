import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { change } from '../../api/client.ts';
import { useMay } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Button } from '../../kit/button.tsx';
import { Facts } from '../../kit/card.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Go } from '../../kit/go.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { count } from '../../kit/time.tsx';
import { toast } from '../../kit/toast.tsx';
import { fieldsAgain, lifetimeWords, type TemplateLine } from './form.ts';

export function OneTemplate({
  template,
  hidden,
  onClose,
  onEdit,
}: {
  template: TemplateLine | null;
  hidden: boolean;
  onClose: () => void;
  onEdit: (template: TemplateLine) => void;
}) {
  const may = useMay()('agents.write');
  const [removing, setRemoving] = useState<TemplateLine | null>(null);
  const undo = usePutBack();
  return (
    <>
      <Dialog
        open={template !== null && removing === null && !hidden}
        onOpenChange={(open) => {
          if (!open) onClose();
        }}
        title={`Template ${template?.id ?? ''}`}
        description={visible(template?.description ?? '') || undefined}
        footer={
          may && template?.origin === 'registry' ? (
            <>
              <Button
                look="danger"
                disabled={template.agents > 0}
                title={template.agents > 0 ? 'Agents are made from it' : undefined}
                onClick={() => setRemoving(template)}
              >
                Remove
              </Button>
              <Button look="accent" onClick={() => onEdit(template)}>
                Change
              </Button>
            </>
          ) : undefined
        }
      >
        {template !== null && <Terms template={template} />}
      </Dialog>
      <Act
        open={removing !== null}
        onOpenChange={() => setRemoving(null)}
        title={`Remove the template ${removing?.id ?? ''}`}
        description="No agent is made from it. New ones cannot be any more."
        verb="Remove"
        danger
        order={(reason) => ({
          method: 'POST',
          path: `/v1/templates/${encodeURIComponent(removing?.id ?? '')}/remove`,
          body: { reason },
        })}
        onDone={() => {
          const gone = removing;
          onClose();
          if (gone === null) return;
          const run = (): void => void undo(gone, 'the removal');
          toast({ tone: 'good', text: `Removed ${gone.id}`, undo: { words: 'Put it back', run } });
        }}
      />
    </>
  );
}

/** Puts a template back as it was; what happened before stays on record. */
export function usePutBack(): (template: TemplateLine, what: string) => Promise<void> {
  const client = useQueryClient();
  return async (template, what) => {
    try {
      const body = { fields: fieldsAgain(template), reason: `Taken back: ${what} of ${template.id}` };
      await change({ method: 'PUT', path: `/v1/templates/${encodeURIComponent(template.id)}`, body });
      toast({ tone: 'good', text: `${template.id} is as it was` });
    } catch (error) {
      toast({ tone: 'bad', text: error instanceof Error ? error.message : String(error) });
    }
    await client.invalidateQueries({ queryKey: ['get'] });
  };
}

function Terms({ template }: { template: TemplateLine }) {
  const { id, archetype, riskTier, groups, servers, scopes, lifetimeMs, reviewers, required, admits, origin } =
    template;
  const list = (of: readonly string[] | null, none: string): string => (of === null ? none : of.join(', ') || 'none');
  return (
    <div className="space-y-5">
      <Facts
        items={[
          ['Kind of agent', archetype],
          ['Risk', `${riskTier} or riskier`],
          ['Servers', list(servers, 'any')],
          ['Scopes', list(scopes, 'any')],
          ['Groups', list(groups, 'none')],
          ['Lives', lifetimeWords(lifetimeMs)],
          ['Approved by', reviewers.join(', ') || 'anybody but the requester'],
          ['Must say', required.join(', ') || 'nothing more'],
          ['Unknown clients', ADMITS[admits]],
          ['From', origin === 'configuration' ? 'the configuration: change it there' : 'made here'],
          [
            'Agents',
            template.agents === 0 ? (
              'none'
            ) : (
              <Go key="agents" to="/agents" search={{ template: id }}>
                {count(template.agents)}
              </Go>
            ),
          ],
        ]}
      />
      {template.exceedingCount > 0 && (
        <section aria-label="Agents that exceed it">
          <h3 className="mb-2 font-semibold">
            {count(template.exceedingCount)} {template.exceedingCount === 1 ? 'agent exceeds' : 'agents exceed'} it
          </h3>
          <p className="mb-2 text-[13px] text-soft">They stay as they are until somebody narrows them.</p>
          <ul className="divide-y rounded-lg border">
            {template.exceeding.map(({ agent, how }) => (
              <li key={agent} className="px-3 py-2">
                <Go to="/agents/$id" params={{ id: agent }} className="font-medium">
                  {agent}
                </Go>
                <span className="block text-[13px] text-soft">{visible(how.join('; '))}</span>
              </li>
            ))}
          </ul>
          {template.exceedingCount > template.exceeding.length && (
            <p className="mt-2 text-[13px] text-soft">
              The first {count(template.exceeding.length)}. All: <Code copy>interlock templates list --json</Code>
            </p>
          )}
        </section>
      )}
    </div>
  );
}

const ADMITS = {
  no: 'get no agent from it',
  requested: 'get an agent of this kind, which waits for approval',
  active: 'get an agent of this kind at once',
} as const;
