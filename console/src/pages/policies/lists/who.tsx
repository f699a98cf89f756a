import { visible } from '../../../kit/text.tsx';

/** Who brought a set into force. The gateway itself, where it read what lay in the folder. */
export function WhoPublished({ by }: { by: string }) {
  if (by === 'start') return <span className="text-soft">read at the start</span>;
  return <bdi>{visible(by)}</bdi>;
}
