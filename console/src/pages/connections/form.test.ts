import { describe, expect, it } from 'vitest';
import { againOf, bodyOf, EMPTY, hoursWords } from './form.ts';

const NOW = 1_790_000_000_000;
const filled = { ...EMPTY, from: 'planner', to: 'buyer' };

describe('the form of a connection', () => {
  it('says nothing more than what was filled in', () => {
    expect(bodyOf(filled, NOW)).toEqual({
      body: {
        ...{ from: 'planner', to: 'buyer', requiresTask: false, scopes: null, maxDepth: null, hours: null },
        ...{ initiators: ['user', 'machine'], notAfterMs: null },
      },
    });
    const end = new Date(NOW + 86_400_000).toISOString().slice(0, 16);
    const whole = { ...filled, id: 'a-b', scopes: 'crm:read, *:write', machine: false, maxDepth: '3', end };
    expect(bodyOf({ ...whole, hoursFrom: '8', hoursTo: '18' }, NOW)).toMatchObject({
      body: { id: 'a-b', scopes: ['crm:read', '*:write'], initiators: ['user'], maxDepth: 3, hours: [8, 18] },
    });
  });

  it.each([
    [{ to: '' }, 'to'],
    [{ to: 'planner' }, 'to'],
    [{ scopes: 'everything' }, 'scopes'],
    [{ user: false, machine: false }, 'user'],
    [{ maxDepth: '1' }, 'maxDepth'],
    [{ hoursFrom: '8' }, 'hoursFrom'],
    [{ hoursFrom: '8', hoursTo: '24' }, 'hoursFrom'],
    [{ end: '2001-01-01T00:00' }, 'end'],
    [{ id: 'No Good' }, 'id'],
  ])('says what is wrong where it is wrong: %o', (change, field) => {
    const answer = bodyOf({ ...filled, ...change }, NOW);
    expect('problems' in answer ? Object.keys(answer.problems) : []).toEqual([field]);
  });

  it('makes the same connection again after a removal is taken back', () => {
    const connection = {
      ...{ id: 'x', from: 'a', to: 'b', scopes: ['crm:read'], initiators: ['user'] as const, maxDepth: 3 },
      ...{ requiresTask: true, hours: [22, 6] as const, notAfterMs: null, createdBy: 'olga', createdAtMs: 1 },
    };
    const { createdBy: _by, createdAtMs: _at, ...terms } = connection;
    expect(againOf(connection)).toEqual(terms);
    expect(hoursWords(connection.hours)).toBe('22–06 UTC');
  });
});
