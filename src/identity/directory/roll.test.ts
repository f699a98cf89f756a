import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AGENT_DEFAULTS, type Agent } from '../../model/agent.ts';
import type { Changed, Directory } from '../directory.ts';
import { AgentList } from '../registry/many.ts';
import { foldName } from './entities.ts';
import { placeOf, rollOf } from './roll.ts';

const agent = (id: string, name = id): Agent => ({
  ...AGENT_DEFAULTS,
  ...{ id, name, owner: 'ada', purpose: 'Sorts Letters', archetype: 'homegrown', riskTier: 'low' },
});

/** As much of a directory as a roll needs. */
function someDirectory() {
  const agents = new Map<string, Agent>();
  const listeners: ((changed: readonly Changed[]) => void)[] = [];
  const directory = {
    agents: () => agents.values(),
    agent: (id: string) => agents.get(id),
    onChange: (listener: (changed: readonly Changed[]) => void) => void listeners.push(listener),
  } as unknown as Directory;
  const put = (id: string, value: Agent | null): void => {
    if (value === null) agents.delete(id);
    else agents.set(id, value);
    for (const listener of listeners) listener([{ kind: 'agent', id }]);
  };
  return { directory, agents, put };
}

const ids = (all: readonly { readonly id: string }[]): string[] => all.map(({ id }) => id);

describe('the roll of agents', () => {
  it('is what the directory holds, in order, after whatever changes, read in turns or in one go', async () => {
    const change = fc.tuple(
      fc.integer({ min: 0, max: 30 }),
      fc.constantFrom('put', 'rename', 'remove', 'ready', 'all'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 60 }), async (changes) => {
        const { directory, agents, put } = someDirectory();
        const roll = rollOf(directory);
        const waiting: Promise<unknown>[] = [];
        for (const [n, act] of changes) {
          const id = `a${n}`;
          if (act === 'put') put(id, agent(id));
          else if (act === 'rename') put(id, agent(id, `Ünïcode ${n}`));
          else if (act === 'remove') put(id, null);
          else if (act === 'ready') waiting.push(roll.ready());
          else expect(ids(roll.all)).toEqual([...agents.keys()].sort());
        }
        await Promise.all(waiting);
        expect(ids(roll.all)).toEqual([...agents.keys()].sort());
        for (const { id, agent: one, text } of roll.all) {
          expect(one).toBe(agents.get(id));
          expect(text).toBe(foldName(`${one.id} ${one.name} ${one.purpose}`));
        }
      }),
    );
  });

  it('misses nothing that changes while it is made, and gives nobody a list that changes under them', async () => {
    const { directory, agents, put } = someDirectory();
    for (let i = 0; i < 20_000; i++) agents.set(`a${i}`, agent(`a${i}`));
    const roll = rollOf(directory);
    const making = roll.ready();
    await nextTurn();
    put('new', agent('new'));
    put('a7', null);
    // Somebody who cannot wait.
    const early = roll.all;
    put('b', agent('b'));
    const whole = await making;
    expect(ids(whole)).toEqual([...agents.keys()].sort());
    expect(early).toHaveLength(20_000);
    put('c', agent('c'));
    expect(whole).toHaveLength(20_001);
    expect(roll.all[placeOf(roll.all, 'c')]?.id).toBe('c');
  });

  it('is listed page by page, each agent once, searched without case', () => {
    const { directory, agents } = someDirectory();
    for (let i = 0; i < 25; i++) agents.set(`a${i}`, agent(`a${i}`, i % 2 === 0 ? 'ＦＵＬＬ' : 'half'));
    const list = new AgentList(directory);
    const seen: string[] = [];
    let after: string | null = '';
    while (after !== null) {
      const page = list.page({ search: 'Full sorts' }, { after, limit: 4 });
      seen.push(...ids(page.agents));
      after = page.next;
    }
    expect(seen).toEqual(
      [...agents.values()]
        .filter(({ name }) => name !== 'half')
        .map(({ id }) => id)
        .sort(),
    );
    expect(list.page({ search: 'nobody' }, { limit: 5 })).toEqual({ agents: [], next: null });
    expect(list.page({}, { after: 'a3x', limit: 1 }).agents.map(({ id }) => id)).toEqual(['a4']);
  });
});
