import { PageHead } from '../../kit/card.tsx';

export function ServerPage() {
  return <PageHead title="Server" />;
}
