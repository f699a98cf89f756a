import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AGENT_DEFAULTS, type Agent } from '../../model/agent.ts';
import type { JsonObject } from '../../model/json.ts';
import { PERSON_DEFAULTS, type Person } from '../../model/person.ts';
import type { EntityKind, EntityRow } from '../../ports/identity-stores.ts';
import { View } from './view.ts';

const agent = (id: string, more: Partial<Agent> = {}): Agent => ({
  ...AGENT_DEFAULTS,
  ...{ id, name: id, owner: 'ada', purpose: 'p', archetype: 'homegrown', riskTier: 'low' },
  ...more,
});
const person = (id: string, more: Partial<Person> = {}): Person => ({
  ...PERSON_DEFAULTS,
  id,
  userName: id,
  name: id,
  ...more,
});

let seq = 0;
function row(kind: EntityKind, id: string, body: object | null): EntityRow {
  seq++;
  return { kind, id, version: seq, seq, body: body as JsonObject | null, atMs: 0 };
}

describe('the view of the directory', () => {
  it('ID1: overlays what happened to a configured agent, and revives nothing the file stopped', () => {
    const view = new View();
    view.configure({ agents: [agent('a'), agent('b', { state: 'suspended' })], people: [], connections: [] });
    view.take(row('agent', 'a', { state: 'orphaned', owner: 'bob', purpose: 'another' }));
    view.take(row('agent', 'b', { state: 'active' }));
    expect(view.agents.get('a')).toMatchObject({ state: 'orphaned', owner: 'bob', purpose: 'p' });
    expect(view.agents.get('b')).toMatchObject({ state: 'suspended' });
    view.take(row('agent', 'a', null));
    expect(view.agents.get('a')).toMatchObject({ state: 'active', owner: 'ada' });
  });

  it('a note about an agent the file no longer has makes no agent', () => {
    const view = new View();
    view.take(row('agent', 'a', { state: 'active', owner: 'ada' }));
    expect(view.agents.get('a')).toBeUndefined();
  });

  it('ID3: groups of a person are its own and those it is a member of, as they come, go and are renamed', () => {
    const view = new View();
    view.configure({ agents: [], people: [person('ada', { groups: ['own'] })], connections: [] });
    view.take(row('group', 'g1', { id: 'g1', name: 'finance', externalId: null, members: ['ada', 'bob'] }));
    view.take(row('person', 'bob', person('bob')));
    expect([view.people.get('ada')?.groups, view.people.get('bob')?.groups]).toEqual([['own', 'finance'], ['finance']]);
    view.take(row('group', 'g1', { id: 'g1', name: 'money', externalId: null, members: ['ada'] }));
    expect([view.people.get('ada')?.groups, view.people.get('bob')?.groups]).toEqual([['own', 'money'], []]);
    view.take(row('group', 'g1', null));
    expect(view.people.get('ada')?.groups).toEqual(['own']);
  });

  it('ID3: a name two people could claim names nobody', () => {
    const view = new View();
    view.take(row('person', 'ada', person('ada', { email: 'Ada@Example.com' })));
    expect(view.named('ADA@example.COM')?.id).toBe('ada');
    view.take(row('person', 'eve', person('eve', { email: 'ada@example.com' })));
    expect(view.named('ada@example.com')).toBeUndefined();
    expect(view.named('eve')?.id).toBe('eve');
  });

  it('ID2: a workload two agents claim proves neither', () => {
    const view = new View();
    const workloads = [{ issuer: 'https://i', subject: 's' }];
    view.take(row('agent', 'a', agent('a', { workloads })));
    expect(view.ofWorkload('https://i', 's')?.id).toBe('a');
    view.take(row('agent', 'b', agent('b', { workloads })));
    expect(view.ofWorkload('https://i', 's')).toBeUndefined();
  });

  it('a row that comes late changes nothing', () => {
    const view = new View();
    const early = row('agent', 'a', agent('a'));
    view.take(row('agent', 'a', agent('a', { state: 'suspended' })));
    view.take(early);
    expect(view.agents.get('a')?.state).toBe('suspended');
  });

  it('its indexes find exactly what a search through everything finds, whatever came and went', () => {
    const id = fc.constantFrom('a', 'b', 'c', '__proto__');
    const body = fc.option(
      fc.record({ owner: fc.constantFrom('x', 'y'), clients: fc.subarray(['k1', 'k2']), configured: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(id, body), { maxLength: 30 }), (steps) => {
        const view = new View();
        const configured = new Map<string, Agent>();
        for (const [name, made] of steps) {
          if (made?.configured === true) {
            configured.set(name, agent(name, made));
            view.configure({ agents: [...configured.values()], people: [], connections: [] });
          } else view.take(row('agent', name, made === null ? null : agent(name, made)));
          const all = [...view.agents.values()];
          for (const owner of ['x', 'y'])
            expect(new Set(view.ownedBy(owner))).toEqual(new Set(all.filter((each) => each.owner === owner)));
          for (const client of ['k1', 'a'])
            expect(new Set(view.ofClient(client))).toEqual(
              new Set(all.filter((each) => each.id === client || each.clients.includes(client))),
            );
        }
      }),
    );
  });
});
