import { PageHead } from '../../kit/card.tsx';

export function CallPage() {
  return <PageHead title="Call" />;
}
