import { describe, expect, it } from 'vitest';
import { type Choice, chooseForm, type Situation } from './form.ts';

/** How a client is told that its call waits for people: one row per way of asking (requirement HU1, agents that cannot wait). */
const legacy: Situation = {
  ...{ era: 'legacy', version: '2025-11-25', method: 'tools/call', taskAsked: false, tasksDeclared: false },
  ...{ opensPages: false, told: 'never', person: 'unknown' },
};
const modern: Situation = { ...legacy, era: 'modern', version: '2026-07-28' };

type Cell = readonly [what: string, situation: Situation, form: Choice['form'], when: Choice['when'], why: RegExp];
const SHEET: readonly Cell[] = [
  ['a session that speaks nothing', legacy, 'words', 'after-waiting', /opens no pages/],
  ['a stateless client that speaks nothing', modern, 'words', 'after-waiting', /opens no pages/],
  ['a call that is a task', { ...legacy, taskAsked: true }, 'task', 'at-once', /asks about tasks/],
  [
    'a task before there were any',
    { ...legacy, version: '2025-06-18', taskAsked: true },
    'words',
    'after-waiting',
    /no/,
  ],
  ['the extension declared in a session', { ...legacy, tasksDeclared: true }, 'words', 'after-waiting', /no pages/],
  ['the extension declared', { ...modern, tasksDeclared: true }, 'task', 'at-once', /asks about tasks/],
  ['params.task without a session', { ...modern, taskAsked: true }, 'words', 'after-waiting', /no pages/],
  [
    'a prompt, with the extension',
    { ...modern, method: 'prompts/get', tasksDeclared: true },
    'words',
    'after-waiting',
    /no pages/,
  ],
  ['both: a task, and pages', { ...modern, tasksDeclared: true, opensPages: true }, 'task', 'at-once', /tasks/],
  [
    'both, and the person may answer',
    { ...legacy, taskAsked: true, opensPages: true, person: 'may-answer' },
    'task',
    'at-once',
    /tasks/,
  ],
  ['pages, nobody known', { ...legacy, opensPages: true }, 'page', 'after-waiting', /may know/],
  ['pages, nobody known, stateless', { ...modern, opensPages: true }, 'page', 'after-waiting', /may know/],
  [
    'pages, by whom it may be answered',
    { ...legacy, opensPages: true, person: 'may-answer' },
    'page',
    'at-once',
    /may answer it/,
  ],
  ['the same, stateless', { ...modern, opensPages: true, person: 'may-answer' }, 'page', 'at-once', /may answer it/],
  [
    'pages, by whom it may not',
    { ...modern, opensPages: true, person: 'may-not-answer' },
    'words',
    'after-waiting',
    /may not/,
  ],
  [
    'pages before there were any',
    { ...legacy, version: '2025-06-18', opensPages: true },
    'words',
    'after-waiting',
    /opens no pages/,
  ],
  [
    'pages, told before',
    { ...modern, opensPages: true, told: 'told', person: 'may-answer' },
    'words',
    'after-waiting',
    /asked once/,
  ],
  [
    'pages, told before, in a session',
    { ...legacy, opensPages: true, told: 'told' },
    'words',
    'after-waiting',
    /asked once/,
  ],
  ['pages, declined', { ...modern, opensPages: true, told: 'declined' }, 'words', 'at-once', /did not want/],
  [
    'a resource, with pages',
    { ...modern, method: 'resources/read', opensPages: true },
    'page',
    'after-waiting',
    /may know/,
  ],
  [
    'a completion, with pages',
    { ...modern, method: 'completion/complete', opensPages: true },
    'words',
    'after-waiting',
    /never answered/,
  ],
  [
    'a completion in a session',
    { ...legacy, method: 'completion/complete', opensPages: true },
    'page',
    'after-waiting',
    /may know/,
  ],
];

describe('the form in which a client learns that people are asked', () => {
  it.each(SHEET)('%s', (_what, situation, form, when, why) => {
    const choice = chooseForm(situation);
    expect([choice.form, choice.when]).toEqual([form, when]);
    expect(choice.why).toMatch(why);
  });

  it('has an answer for every situation, and a page only for who said it opens pages', () => {
    for (const era of ['legacy', 'modern'] as const)
      for (const version of ['2025-06-18', '2025-11-25', '2026-07-28'])
        for (const opensPages of [true, false])
          for (const told of ['never', 'told', 'declined'] as const)
            for (const person of ['may-answer', 'may-not-answer', 'unknown'] as const)
              for (const taskAsked of [true, false])
                for (const tasksDeclared of [true, false]) {
                  const base = { era, version, method: 'tools/call', opensPages, told, person };
                  const { form } = chooseForm({ ...base, taskAsked, tasksDeclared });
                  if (form === 'page') expect(opensPages && told === 'never').toBe(true);
                  if (form === 'task') expect(era === 'modern' ? tasksDeclared : taskAsked).toBe(true);
                }
  });
});
