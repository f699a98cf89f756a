import { PageHead } from '../../kit/card.tsx';

export function SettingsPage() {
  return <PageHead title="Settings" />;
}
