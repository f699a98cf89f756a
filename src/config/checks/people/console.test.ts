import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { ConsoleSchema, resolveConsole } from '../../schema/console/console.ts';
import type { ConfigFile } from '../../schema.ts';
import { warnConsole } from './console.ts';

const people = { alice: { name: 'Alice', groups: ['platform'] } };
const file = (roles: object) => ({ people, agents: {}, servers: {}, console: { roles } }) as unknown as ConfigFile;

describe('console.roles', () => {
  it('says nothing of people and groups that are there', () => {
    expect(warnConsole(file({ operator: ['person:alice', 'group:platform'] }))).toEqual([]);
    expect(warnConsole({ people, agents: {}, servers: {} } as unknown as ConfigFile)).toEqual([]);
  });

  it('warns of whoever is not there, where it stands: they may still come', () => {
    const found = warnConsole(file({ viewer: ['group:platform', 'person:alcie'], auditor: ['group:plattform'] }));
    expect(found).toMatchObject([
      { path: ['console', 'roles', 'viewer', 1], message: 'no person "alcie" is in this file' },
      { path: ['console', 'roles', 'auditor', 0], message: 'no group "plattform" is in this file' },
    ]);
    expect(found[0]?.help).toContain('alice');
  });

  it.each(['alice', 'person:', 'group:', 'role:x', 'person:a b', 'person:a:b', ''])('%j is nobody', (holder) => {
    expect(Value.Check(ConsoleSchema, { roles: { viewer: [holder] } })).toBe(false);
  });

  it('nobody has a role nobody was given', () => {
    const { enabled, roles, policies, separatePolicyDuties } = resolveConsole(undefined);
    expect({ enabled, policies, separatePolicyDuties }).toEqual({
      enabled: true,
      policies: 'edit',
      separatePolicyDuties: false,
    });
    expect([...roles.values()].flat()).toEqual([]);
    expect(Value.Check(ConsoleSchema, { roles: { owner: ['person:alice'] } })).toBe(false);
  });
});
