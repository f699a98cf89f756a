import { PageHead } from '../../kit/card.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { useFilters } from '../../use-filters.ts';
import { Api } from './api.tsx';
import { Appearance } from './appearance.tsx';
import { Configuration, Limits } from './configuration.tsx';
import { Keys } from './keys.tsx';
import { Roles } from './roles.tsx';
import { Status } from './status.tsx';
import { Vault } from './vault.tsx';

/** The gateway itself: how it is, what its configuration says, its keys, who may do what here. */
export function SettingsPage() {
  const [search, set] = useFilters();
  return (
    <>
      <PageHead
        title="Settings"
        lead="The gateway itself. Its configuration is changed in the file; its keys are changed here."
      />
      <Tabs
        label="Settings"
        value={search.tab ?? 'status'}
        onChange={(tab) => set({ tab: tab === 'status' ? null : tab, q: null })}
        tabs={[
          { id: 'status', label: 'Status', content: <Status /> },
          { id: 'configuration', label: 'Configuration', content: <Configuration /> },
          { id: 'limits', label: 'Limits', content: <Limits /> },
          { id: 'keys', label: 'Keys', content: <Keys /> },
          { id: 'vault', label: 'Vault', content: <Vault /> },
          { id: 'roles', label: 'Roles', content: <Roles /> },
          { id: 'api', label: 'API', content: <Api /> },
          { id: 'appearance', label: 'Appearance', content: <Appearance /> },
        ]}
      />
    </>
  );
}
