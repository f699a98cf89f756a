import { X } from 'lucide-react';
import { Button } from '../../kit/button.tsx';
import { Choice } from '../../kit/field.tsx';
import { AgentField, ServerField } from '../../record/pick-fields.tsx';
import type { Search } from '../../router.tsx';

type Set = (change: Readonly<Record<string, string | null>>) => void;

export function LiveFilters({ filters, set }: { filters: Search; set: Set }) {
  const { agent, server, effect, session } = filters;
  const any = [agent, server, effect, session].some((each) => each !== undefined);
  return (
    <div className="mb-4 flex flex-wrap items-center gap-2">
      <AgentField value={agent ?? ''} onChange={(next) => set({ agent: next })} />
      <ServerField value={server ?? ''} onChange={(next) => set({ server: next })} />
      <Choice aria-label="Decision" value={effect ?? ''} onChange={(event) => set({ effect: event.target.value })}>
        <option value="">Every decision</option>
        <option value="permit">Permitted</option>
        <option value="ask">Asked</option>
        <option value="deny">Denied</option>
      </Choice>
      {any && (
        <Button
          look="quiet"
          size="small"
          onClick={() => set({ agent: null, server: null, effect: null, session: null })}
        >
          <X aria-hidden /> Clear filters
        </Button>
      )}
    </div>
  );
}
