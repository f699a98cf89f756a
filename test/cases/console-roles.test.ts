import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type ConsolePerson, type ConsoleWorld, openConsoleWorld } from '../console/world.ts';

/**
 * Every role at every endpoint. Both tables are written by hand, from what is documented (docs/console.md), and not from the code: a route
 * whose permission changes, and a role that gains or loses one, must be changed here too. A new route has a line here or the test fails.
 */
const ROLES = {
  nobody: 'self',
  viewer: 'self read approvals.read',
  approver: 'self read approvals.read',
  auditor: 'self read read.content approvals.read',
  operator:
    'self read read.content approvals.read approvals.withdraw agents.write locks.write tools.accept servers.write reviews.write connections.write credentials.write',
  'policy-author': 'self read approvals.read policies.draft',
  'policy-publisher': 'self read approvals.read policies.draft policies.publish',
  'security-admin':
    'self read read.content approvals.read approvals.withdraw agents.write locks.write locks.everything tools.accept servers.write reviews.write connections.write people.write policies.draft policies.publish keys.write credentials.write',
} as const;
type Role = keyof typeof ROLES;

const ENDPOINTS: Readonly<Record<string, string>> = {
  self: `
    GET /v1/me
    GET /v1/openapi.json
    POST /v1/step-up/options
    POST /v1/reviews/{id}/items/{agent}`,
  read: `
    GET /metrics
    GET /v1/status
    GET /v1/sessions
    GET /v1/servers
    GET /v1/servers/lines
    GET /v1/servers/{id}
    GET /v1/servers/{id}/tools
    GET /v1/servers/{id}/tools/{tool}
    GET /v1/servers/{id}/reach
    GET /v1/tools
    GET /v1/locks
    GET /v1/people
    GET /v1/people/{id}
    GET /v1/people/{id}/access
    GET /v1/people/{id}/history
    GET /v1/groups
    GET /v1/groups/{id}
    GET /v1/relations
    POST /v1/relations/check
    POST /v1/rights/check
    POST /v1/locks/preview
    GET /v1/keys
    GET /v1/credentials
    GET /v1/vault
    GET /v1/agents
    GET /v1/agents/summaries
    GET /v1/agents/{id}
    GET /v1/agents/{id}/history
    GET /v1/agents/{id}/holdings
    GET /v1/agents/{id}/permissions
    GET /v1/agents/{id}/graph
    GET /v1/agents/export
    GET /v1/templates
    GET /v1/reviews
    GET /v1/reviews/{id}
    GET /v1/reviews/{id}/items
    GET /v1/connections
    GET /v1/connections/{id}
    GET /v1/tasks
    GET /v1/tasks/{id}
    GET /v1/pulse
    GET /v1/policies
    GET /v1/policies/schema
    GET /v1/policies/drafts
    GET /v1/policies/drafts/{id}
    GET /v1/policies/versions
    GET /v1/policies/versions/{version}
    GET /v1/settings
    GET /v1/overview
    GET /v1/graph
    GET /v1/posture
    GET /v1/drills
    GET /v1/index
    GET /v1/records
    GET /v1/records/export
    GET /v1/records/{seq}
    GET /v1/live
    GET /v1/sessions/history
    GET /v1/sessions/history/{id}
    GET /v1/transactions/{id}
    GET /v1/calls/{call}
    GET /v1/agents/{id}/activity
    GET /v1/journal
    GET /v1/journal/checkpoints
    GET /v1/journal/verification`,
  'read.content': `
    GET /v1/approvals/{id}/receipt
    GET /v1/records/{seq}/receipt
    GET /v1/journal/segments/{first}
    POST /v1/journal/verification`,
  'approvals.read': `
    GET /v1/approvals
    GET /v1/approvals/{id}
    GET /v1/approvals/inbox
    GET /v1/approvals/{id}/view
    GET /v1/approvals/{id}/notices
    POST /v1/approvers
    GET /v1/standing`,
  'approvals.withdraw': `
    POST /v1/approvals/{id}/withdraw
    DELETE /v1/standing/{id}`,
  'agents.write': `
    POST /v1/agents
    PATCH /v1/agents/{id}
    POST /v1/agents/requests
    POST /v1/agents/reassign
    POST /v1/agents/{id}/approve
    POST /v1/agents/{id}/activate
    POST /v1/agents/{id}/suspend
    POST /v1/agents/{id}/resume
    POST /v1/agents/{id}/reject
    POST /v1/agents/{id}/reassign
    POST /v1/agents/{id}/decommission
    POST /v1/agents/import
    GET /v1/agents/imports/{key}
    PUT /v1/templates/{id}
    POST /v1/templates/{id}/remove`,
  'locks.write': `
    POST /v1/locks
    POST /v1/drills
    DELETE /v1/locks/{target}`,
  'tools.accept': 'POST /v1/servers/{id}/accept',
  'servers.write': 'POST /v1/servers/{id}/scan',
  'reviews.write': `
    POST /v1/reviews
    POST /v1/reviews/{id}/close`,
  'connections.write': `
    POST /v1/connections
    DELETE /v1/connections/{id}
    POST /v1/tasks
    POST /v1/tasks/{id}/close`,
  'people.write': `
    POST /v1/notices/test
    POST /v1/relations
    POST /v1/people
    PATCH /v1/people/{id}
    DELETE /v1/people/{id}
    POST /v1/people/{id}/deactivate
    POST /v1/people/{id}/reactivate
    POST /v1/people/{id}/invitations
    POST /v1/people/{id}/reset-credentials`,
  'policies.draft': `
    POST /v1/policies/check
    POST /v1/policies/try
    POST /v1/policies/drafts
    PUT /v1/policies/drafts/{id}
    POST /v1/policies/drafts/{id}/discard
    POST /v1/policies/replays
    GET /v1/policies/replays/{id}
    DELETE /v1/policies/replays/{id}
    POST /v1/policies/shadow
    DELETE /v1/policies/shadow`,
  'policies.publish': `
    POST /v1/reload
    POST /v1/policies/publish
    POST /v1/policies/rollback`,
  'keys.write': `
    POST /v1/keys/rotate
    POST /v1/keys/remove
    POST /v1/vault/rotate`,
  'credentials.write': 'POST /v1/credentials/revoke',
  // Nobody in a browser: answering in the operator's words needs no passkey.
  socket: `
    POST /v1/approvals/{id}
    POST /v1/approvals/{id}/preview`,
};

/** What is done only with a passkey over the very request. */
const STEPPED_UP = [
  'POST /v1/reload',
  'POST /v1/policies/publish',
  'POST /v1/policies/rollback',
  'POST /v1/keys/rotate',
  'POST /v1/keys/remove',
  'POST /v1/vault/rotate',
  'POST /v1/people/{id}/invitations',
  'POST /v1/people/{id}/reset-credentials',
];

const lines = Object.entries(ENDPOINTS).flatMap(([permission, list]) =>
  list
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => ({ line, permission })),
);

let world: ConsoleWorld;
const people = new Map<Role, ConsolePerson>();
beforeAll(async () => {
  world = await openConsoleWorld();
  for (const role of Object.keys(ROLES) as Role[]) people.set(role, await world.person(role));
});
afterAll(() => world?.close());

/** Asked for something that is not there, with a body that says nothing: whoever is let in gets no further. */
async function ask(role: Role, line: string): Promise<Answer> {
  const [method = '', path = ''] = line.split(' ');
  const place = path.replace(/\{\w+\}/g, 'no-such-thing');
  return people.get(role)!.api(method, place, method === 'GET' ? undefined : {});
}

/** Refused for want of a permission, and not by what is behind the door. */
const isRefused = ({ status, json }: Answer) => status === 403 && json?.code === 'forbidden' && 'needs' in json;

describe('every role at every endpoint', () => {
  it('every endpoint there is has its line', async () => {
    const { json } = await people.get('nobody')!.api('GET', '/v1/openapi.json');
    const there = Object.entries(json.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(lines.map(({ line }) => line).sort()).toEqual(there.sort());
  });

  it.each(Object.entries(ROLES))('%s', async (role, permissions) => {
    const may = new Set(permissions.split(' '));
    const wrong: string[] = [];
    for (const { line, permission } of lines) {
      const answer = await ask(role as Role, line);
      if (answer.status === 429) throw new Error('asked too fast');
      const letIn = !isRefused(answer);
      if (letIn !== may.has(permission)) wrong.push(`${line}: ${answer.status} ${answer.text.slice(0, 200)}`);
      if (letIn && answer.status === 401 && answer.json.code !== 'step-up-required') wrong.push(`${line}: 401`);
      // Wait as the bound on requests wants it.
      await new Promise((done) => setTimeout(done, 2));
    }
    expect(wrong).toEqual([]);
    expect((await people.get(role as Role)!.api('GET', '/v1/me')).json.permissions.join(' ')).toBe(permissions);
  });

  it('stopping and releasing everything is for security administrators', async () => {
    const stop = { target: 'all', tier: 'watch', reason: 'drill' };
    for (const role of Object.keys(ROLES) as Role[]) {
      const person = people.get(role)!;
      const answers = [
        await person.api('POST', '/v1/locks', stop),
        await person.api('DELETE', '/v1/locks/all?reason=over'),
        await person.api('DELETE', '/v1/locks/%61ll?reason=over'),
      ];
      const want = role === 'security-admin' ? [401, 'step-up-required'] : [403, 'forbidden'];
      for (const { status, json } of answers) expect([role, status, json.code]).toEqual([role, ...want]);
    }
    expect((await world.admin('GET', '/v1/locks')).body.items).toEqual([]);
  });

  it('what is done only with a passkey is done only with a passkey', async () => {
    const { json } = await people.get('nobody')!.api('GET', '/v1/openapi.json');
    const said = Object.entries(json.paths as Record<string, Record<string, Record<string, unknown>>>).flatMap(
      ([path, methods]) =>
        Object.entries(methods)
          .filter(([, operation]) => operation['x-step-up'] === true)
          .map(([method]) => `${method.toUpperCase()} ${path}`),
    );
    expect(said.sort()).toEqual([...STEPPED_UP].sort());
  });

  it('whoever has two roles may what either may', async () => {
    await world.configure((yaml) => yaml.replace('["person:viewer"]', '["person:viewer", "person:policy-author"]'));
    const { json } = await people.get('policy-author')!.api('GET', '/v1/me');
    expect(json.roles).toEqual(['viewer', 'policy-author']);
    expect(json.permissions.join(' ')).toBe(ROLES['policy-author']);
  });
});
