import { PageHead } from '../../kit/card.tsx';

export function TemplatesPage() {
  return <PageHead title="Templates" />;
}
