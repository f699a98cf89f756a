import { Panel } from '../../kit/card.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { PersonLink, RecordLink } from '../../record/links.tsx';
import type { Story } from './story.ts';

/** What people did in that time that touched it: locks, answers. */
export function Acts({ acts }: { acts: Story['acts'] }) {
  if (acts.length === 0) return null;
  return (
    <Panel title="What people did about it" bodyClass="p-0">
      <ul>
        {acts.map(({ seq, time, record }) => (
          <li
            key={seq}
            className="flex flex-wrap items-baseline gap-x-3 border-b px-4 py-2 text-[13px] last:border-b-0"
          >
            <Time ms={Date.parse(time)} look="clock" />
            {record.type === 'admin' && (
              <>
                <Code>{record.act}</Code>
                <span>
                  by <PersonLink id={record.by} />
                </span>
                <span className="min-w-0 flex-1 text-soft">{visible(record.reason)}</span>
              </>
            )}
            <RecordLink seq={seq} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
