import { describe, expect, it } from 'vitest';
import { loadConfigText } from '../load.ts';

const KEY = '{ kty: OKP, crv: Ed25519, kid: k, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo }';

function load(agent: string, template = ''): ReturnType<typeof loadConfigText> {
  const text = `policies: ${import.meta.dirname}
people: { alice: { name: Alice }, bob: { name: Bob } }
templates:
  clerk: { archetype: saas, riskTier: medium, servers: [crm], scopes: ["crm:read"], lifetimeDays: 30${template} }
agents:
  buyer: { name: B, owner: alice, purpose: buys, archetype: saas, riskTier: medium, keys: [${KEY}]${agent} }
servers: { crm: { url: "https://crm.example" } }
`;
  return loadConfigText('/tmp/interlock.yaml', text, {});
}

describe('what the file says of an agent’s registration (ID1)', () => {
  it('is taken over whole', () => {
    const loaded = load(
      ', deputies: [bob], scopes: ["crm:read"], servers: [crm], expires: "2027-06-30", state: suspended, template: clerk, workloads: [{ issuer: "https://i", subject: s }], clients: ["https://c.example/meta"], redirectUris: ["http://127.0.0.1/cb"]',
    );
    expect(loaded.ok ? [] : loaded.problems.map(({ message }) => message)).toEqual([]);
    if (!loaded.ok) return;
    expect(loaded.config.agents[0]).toMatchObject({
      ...{ deputies: ['bob'], scopes: ['crm:read'], state: 'suspended', template: 'clerk', origin: 'configuration' },
      ...{
        expiresAtMs: Date.UTC(2027, 5, 30),
        clients: ['https://c.example/meta'],
        redirectUris: ['http://127.0.0.1/cb'],
      },
    });
    expect(loaded.config.templates[0]).toMatchObject({ id: 'clerk', lifetimeMs: 30 * 86_400_000, admits: 'no' });
  });

  it('says how an agent that asks people beforehand hears of the answer (HU2)', () => {
    const how = (agent: string) => {
      const loaded = load(agent);
      return loaded.ok ? loaded.config.agents[0]?.backchannel : loaded.problems;
    };
    expect(how('')).toBeNull();
    expect(how(', backchannel: { mode: poll }')).toEqual({ mode: 'poll', notificationEndpoint: null });
    const notificationEndpoint = 'http://127.0.0.1:9/told';
    expect(how(`, backchannel: { mode: ping, notificationEndpoint: "${notificationEndpoint}" }`)).toEqual({
      mode: 'ping',
      notificationEndpoint,
    });
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    [', deputies: [carol]', /unknown person "carol"/],
    [', scopes: ["crm:everything"]', /scopes/],
    [', clients: ["http://c.example/meta"]', /no client metadata URL/],
    [', clients: ["https://c.example"]', /no client metadata URL/],
    [', redirectUris: ["http://c.example/cb"]', /no redirect URI/],
    [', redirectUris: ["javascript:alert(1)"]', /no redirect URI/],
    [', expires: "2027-02-31T99:00Z"', /no date/],
    [', template: clark', /unknown template "clark"/],
    [', template: clerk', /servers are not limited/],
    [', state: decommissioned', /state/],
    [', backchannel: { mode: push }', /mode/],
    [', backchannel: { mode: ping }', /needs an address/],
    [', backchannel: { mode: ping, notificationEndpoint: "http://c.example/told" }', /no address to ping/],
    [', backchannel: { mode: ping, notificationEndpoint: "https://c.example/told#x" }', /no address to ping/],
    [', backchannel: { mode: poll, notificationEndpoint: "https://c.example/told" }', /told nothing/],
  ];
  it.each(wrong)('%s is refused', (agent, message) => {
    const loaded = load(agent);
    expect(loaded.ok).toBe(false);
    if (!loaded.ok) expect(loaded.problems.map((problem) => problem.message).join('\n')).toMatch(message);
  });
});
