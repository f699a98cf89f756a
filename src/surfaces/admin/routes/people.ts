import type { FastifyInstance } from 'fastify';
import { foldName } from '../../../identity/directory/entities.ts';
import type { Directory } from '../../../identity/directory.ts';
import { type Groups, isPart, sizeOf, wholeGroup } from '../../../identity/people/groups.ts';
import type { People } from '../../../identity/people/people.ts';
import { leavingOf, type PersonFields, shownAttributes } from '../../../identity/people/person-body.ts';
import type { PeopleRoll } from '../../../identity/people/roll.ts';
import type { PersonAccess, PersonLine } from '../../../model/insight/estate.ts';
import { CONSOLE_ROLES, type ConsoleRole } from '../../../model/insight/roles.ts';
import type { Group, Person } from '../../../model/person.ts';
import type { Says } from '../contract/answers.ts';
import { Problem } from '../problem.ts';
import { BY, closed, needs, REASON, text } from '../schemas.ts';
import { historyPage } from './agents.ts';
import { PAGE, PAGED, type PageAsked, pageBy, pageOf } from './estate/page.ts';

export interface PeopleDesk {
  readonly people: People;
  readonly groups: Groups;
  readonly directory: Directory;
  readonly roll: PeopleRoll;
  /** What the configuration gives somebody in the console. */
  readonly roles: (person: Person) => readonly ConsoleRole[];
  /** How somebody gets in, and where they are now. */
  readonly access: (person: Person) => Promise<PersonAccess>;
}

interface Acting {
  readonly by: string;
  readonly reason: string;
}

const ACTING = { ...closed, required: ['by', 'reason'], properties: { by: BY, reason: REASON } } as const;
const nullable = (maxLength: number) => ({ type: ['string', 'null'], minLength: 1, maxLength }) as const;
const FIELDS = {
  name: text(500),
  email: nullable(254),
  department: nullable(500),
  groups: { type: 'array', maxItems: 100, items: text(256) },
  attributes: { type: 'object', maxProperties: 50, additionalProperties: { type: 'string', maxLength: 1000 } },
} as const;

/** People and groups, for the operator. */
export function peopleRoutes(desk: PeopleDesk): (app: FastifyInstance) => void {
  return (app) => {
    listing(app, desk);
    reading(app, desk);
    changing(app, desk);
  };
}

interface ListQuery extends PageAsked {
  readonly q?: string;
  readonly active?: boolean;
  readonly group?: string;
  readonly role?: ConsoleRole;
}

const LIST = {
  ...closed,
  properties: {
    ...PAGE,
    q: text(200),
    active: { type: 'boolean' },
    group: text(256),
    role: { enum: [...CONSOLE_ROLES] },
  },
} as const;

function listing(app: FastifyInstance, desk: PeopleDesk): void {
  const { directory, roll, roles } = desk;
  app.get<{ Querystring: ListQuery } & Says<'GET /v1/people'>>(
    '/v1/people',
    { ...needs('read'), schema: { querystring: LIST } },
    async ({ query: { q, active, group, role, ...page } }) => {
      await directory.refresh();
      const wanted = q === undefined ? '' : foldName(q);
      const found = (await roll.all()).filter(
        ({ person, text: said }) =>
          said.includes(wanted) &&
          (active === undefined || person.active === active) &&
          (group === undefined || person.groups.includes(group)) &&
          (role === undefined || roles(person).includes(role)),
      );
      const { items, next } = pageOf(found, ({ key }) => key, page);
      return { items: items.map(({ person }) => shown(desk, person)), next, total: found.length };
    },
  );
}

function reading(app: FastifyInstance, desk: PeopleDesk): void {
  const { people, directory } = desk;
  const find = async (id: string): Promise<Person> => {
    await directory.refresh();
    const person = directory.person(id) ?? directory.personNamed(id);
    if (person === undefined) throw new Problem(404, 'unknown-person', `there is no person "${id}"`);
    return person;
  };
  app.get<{ Params: { id: string } } & Says<'GET /v1/people/:id'>>('/v1/people/:id', needs('read'), async (request) => {
    const person = await find(request.params.id);
    const agents = directory.agentsOwnedBy(person.id).slice(0, 1000);
    return {
      ...shown(desk, person),
      agents: agents.map(({ id, name, state, riskTier }) => ({ id, name, state, riskTier })),
    };
  });
  app.get<{ Params: { id: string } } & Says<'GET /v1/people/:id/access'>>(
    '/v1/people/:id/access',
    needs('read'),
    async (request) => desk.access(await find(request.params.id)),
  );
  app.get<{ Params: { id: string }; Querystring: PageAsked } & Says<'GET /v1/people/:id/history'>>(
    '/v1/people/:id/history',
    { ...needs('read'), ...PAGED },
    async ({ params, query }) => historyPage((asked) => people.history(params.id, asked), query),
  );
  const byName = ({ id, name }: Group): string => `${foldName(name)} ${id}`;
  app.get<{ Querystring: PageAsked } & Says<'GET /v1/groups'>>(
    '/v1/groups',
    { ...needs('read'), ...PAGED },
    async ({ query }) => {
      await directory.refresh();
      const all = [...directory.groups()].filter((group) => !isPart(group.id));
      const { items, next } = pageBy(all, byName, query);
      return {
        items: items.map((group) => {
          const { id, name, externalId } = group;
          return { id, name, externalId, members: sizeOf(group) };
        }),
        next,
      };
    },
  );
  app.get<{ Params: { id: string } } & Says<'GET /v1/groups/:id'>>('/v1/groups/:id', needs('read'), async (request) => {
    await directory.refresh();
    const { id } = request.params;
    const named = [...directory.groups()].find((group) => group.name === id && !isPart(group.id));
    const group = wholeGroup(directory, named?.id ?? id);
    if (group === undefined) throw new Problem(404, 'unknown-group', `there is no group "${id}"`);
    return { id: group.id, name: group.name, externalId: group.externalId, members: group.members };
  });
}

function changing(app: FastifyInstance, desk: PeopleDesk): void {
  const { people, directory } = desk;
  const answer = async (id: string): Promise<PersonLine> => {
    const person = directory.person(id);
    if (person === undefined) throw new Problem(404, 'unknown-person', `there is no person "${id}"`);
    return shown(desk, person);
  };
  const make = {
    ...closed,
    required: ['userName', 'by', 'reason'],
    properties: { ...ACTING.properties, ...FIELDS, userName: text(256) },
  };
  app.post<{ Body: Acting & PersonFields & { userName: string } } & Says<'POST /v1/people'>>(
    '/v1/people',
    { ...needs('people.write'), schema: { body: make } },
    async (request) => {
      const { by, reason, ...fields } = request.body;
      const { person } = await people.create({ ...fields, active: true }, { by, reason });
      return answer(person.id);
    },
  );
  const change = {
    ...closed,
    required: ['by', 'reason'],
    properties: { ...ACTING.properties, ...FIELDS, userName: text(256) },
  };
  app.patch<{ Params: { id: string }; Body: Acting & PersonFields } & Says<'PATCH /v1/people/:id'>>(
    '/v1/people/:id',
    { ...needs('people.write'), schema: { body: change } },
    async (request) => {
      const { by, reason, ...fields } = request.body;
      await people.update(request.params.id, fields, { who: { by, reason } });
      return answer(request.params.id);
    },
  );
  for (const act of ['deactivate', 'reactivate'] as const) {
    app.post<{ Params: { id: string }; Body: Acting } & Says<'POST /v1/people/:id/deactivate'>>(
      `/v1/people/:id/${act}`,
      { ...needs('people.write'), schema: { body: ACTING } },
      async (request) => {
        await people[act](request.params.id, request.body);
        return answer(request.params.id);
      },
    );
  }
  app.delete<{ Params: { id: string }; Querystring: Acting } & Says<'DELETE /v1/people/:id'>>(
    '/v1/people/:id',
    { ...needs('people.write'), schema: { querystring: ACTING } },
    async (request) => {
      await people.remove(request.params.id, { who: request.query });
      return { removed: request.params.id };
    },
  );
}

function shown({ directory, roles }: PeopleDesk, person: Person): PersonLine {
  const { id, userName, name, email, department, groups, active, externalId, origin } = person;
  const agents = directory.agentsOwnedBy(id);
  return {
    ...{ id, userName, name, email, department, groups, active, externalId, origin },
    roles: roles(person),
    attributes: shownAttributes(person),
    leaving: leavingOf(person) !== null,
    agentCount: agents.length,
    orphanedCount: agents.filter((agent) => agent.state === 'orphaned').length,
  };
}
