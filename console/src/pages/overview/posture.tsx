import { PageHead } from '../../kit/card.tsx';

export function PosturePage() {
  return <PageHead title="Posture" />;
}
