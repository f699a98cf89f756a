import { PageHead } from '../../kit/card.tsx';

export function SessionPage() {
  return <PageHead title="Session" />;
}

export function TransactionPage() {
  return <PageHead title="Transaction" />;
}
