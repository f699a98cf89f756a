import { Link } from '@tanstack/react-router';
import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react';
import type { PostureAnswer } from '../../../../src/model/insight/overview.ts';
import { useGet } from '../../api/hooks.ts';
import { Card, PageHead } from '../../kit/card.tsx';
import { Answered } from '../../kit/states.tsx';
import { visible } from '../../kit/text.tsx';
import { pathOf } from './path-of.ts';

const LOOKS = {
  bad: { icon: CircleAlert, color: 'text-bad', words: 'To be done' },
  warn: { icon: TriangleAlert, color: 'text-warn', words: 'To be looked at' },
  good: { icon: CircleCheck, color: 'text-good', words: 'In order' },
} as const;
const ORDER = ['bad', 'warn', 'good'] as const;

interface Posture {
  readonly items: readonly PostureAnswer[];
}

/** What a careful operator would ask, answered from what is there now. */
export function PosturePage() {
  const posture = useGet<Posture>('/v1/posture');
  return (
    <>
      <PageHead
        title="Posture"
        lead="What a careful operator would ask of this installation, answered from what is there now."
      />
      <Answered query={posture} lines={12}>
        {({ items }) => (
          <div className="space-y-6">
            {ORDER.map((state) => (
              <Answers key={state} state={state} answers={items.filter((each) => each.state === state)} />
            ))}
          </div>
        )}
      </Answered>
    </>
  );
}

function Answers({ state, answers }: { state: PostureAnswer['state']; answers: readonly PostureAnswer[] }) {
  if (answers.length === 0) return null;
  const { icon: Icon, color, words } = LOOKS[state];
  return (
    <section>
      <h2 className="mb-2 text-[15px] font-semibold">
        {words} <span className="tabular font-normal text-soft">{answers.length}</span>
      </h2>
      <Card>
        <ul className="divide-y">
          {answers.map(({ id, question, answer, advice, href }) => (
            <li key={id} className="flex flex-wrap gap-x-3 gap-y-1 px-4 py-3 sm:flex-nowrap">
              <Icon className={`mt-0.5 size-4.5 shrink-0 ${color}`} aria-label={words} />
              <div className="min-w-0 flex-[1_1_75%]">
                <p className="font-medium">{visible(question)}</p>
                <p className="text-soft">{visible(answer)}</p>
                {advice !== null && <p className="mt-1">{visible(advice)}</p>}
              </div>
              {href !== null && (
                <Link
                  to={pathOf(href).to}
                  search={pathOf(href).search as never}
                  className="ml-7.5 shrink-0 self-center text-[13px] sm:ml-0 font-medium text-accent hover:underline"
                >
                  {state === 'good' ? 'Look' : 'Go there'}
                  <span className="sr-only">: {question}</span>
                </Link>
              )}
            </li>
          ))}
        </ul>
      </Card>
    </section>
  );
}
