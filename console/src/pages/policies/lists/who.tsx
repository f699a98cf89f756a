import type { PolicyVersion } from '../../../../../src/model/insight/policies.ts';
import { visible } from '../../../kit/text.tsx';

type By = Pick<PolicyVersion, 'by' | 'reason'>;

/** Who brought a set into force. The gateway itself, where it read what lay in the folder. */
export function WhoPublished({ of }: { of: By }) {
  if (of.by === 'start') return <span className="text-soft">the gateway</span>;
  return <bdi>{visible(of.by)}</bdi>;
}

export function WhyPublished({ of }: { of: By }) {
  if (of.by === 'start') return <span className="text-soft">read from the folder when it started</span>;
  return (
    <span title={of.reason} className="whitespace-pre-wrap">
      {visible(of.reason)}
    </span>
  );
}
