import type { FastifyInstance } from 'fastify';
import type { Directory } from '../../../identity/directory.ts';
import { type Groups, isPart, sizeOf, wholeGroup } from '../../../identity/people/groups.ts';
import type { People } from '../../../identity/people/people.ts';
import { isRemoved, leavingOf, type PersonFields, shownAttributes } from '../../../identity/people/person-body.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { Person } from '../../../model/person.ts';
import { Problem } from '../problem.ts';
import { BY, closed, needs, REASON, text } from '../schemas.ts';

export interface PeopleDesk {
  readonly people: People;
  readonly groups: Groups;
  readonly directory: Directory;
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
    reading(app, desk);
    changing(app, desk);
  };
}

function reading(app: FastifyInstance, { people, directory }: PeopleDesk): void {
  app.get('/v1/people', needs('read'), async () => {
    await directory.refresh();
    return {
      people: [...directory.people()].filter((person) => !isRemoved(person)).map((one) => shown(directory, one)),
    };
  });
  app.get<{ Params: { id: string } }>('/v1/people/:id', needs('read'), async (request) => {
    const { id } = request.params;
    await directory.refresh();
    const person = directory.person(id) ?? directory.personNamed(id);
    if (person === undefined) throw new Problem(404, 'unknown-person', `there is no person "${id}"`);
    const agents = directory.agentsOwnedBy(person.id).map((agent) => ({ id: agent.id, state: agent.state }));
    return { ...shown(directory, person), agents: agents.slice(0, 1000) };
  });
  app.get<{ Params: { id: string } }>('/v1/people/:id/history', needs('read'), async (request) => ({
    history: await people.history(request.params.id, 1000),
  }));
  app.get('/v1/groups', needs('read'), async () => {
    await directory.refresh();
    const all = [...directory.groups()].filter((group) => !isPart(group.id));
    return {
      groups: all.map(({ id, name, externalId, ...rest }) => ({
        id,
        name,
        externalId,
        members: sizeOf({ id, name, externalId, ...rest }),
      })),
    };
  });
  app.get<{ Params: { id: string } }>('/v1/groups/:id', needs('read'), async (request) => {
    await directory.refresh();
    const { id } = request.params;
    const named = [...directory.groups()].find((group) => group.name === id && !isPart(group.id));
    const group = wholeGroup(directory, named?.id ?? id);
    if (group === undefined) throw new Problem(404, 'unknown-group', `there is no group "${id}"`);
    return { id: group.id, name: group.name, externalId: group.externalId, members: group.members };
  });
}

function changing(app: FastifyInstance, { people, directory }: PeopleDesk): void {
  const answer = async (id: string): Promise<JsonObject> => {
    const person = directory.person(id);
    if (person === undefined) throw new Problem(404, 'unknown-person', `there is no person "${id}"`);
    return shown(directory, person);
  };
  const make = {
    ...closed,
    required: ['userName', 'by', 'reason'],
    properties: { ...ACTING.properties, ...FIELDS, userName: text(256) },
  };
  app.post<{ Body: Acting & PersonFields & { userName: string } }>(
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
  app.patch<{ Params: { id: string }; Body: Acting & PersonFields }>(
    '/v1/people/:id',
    { ...needs('people.write'), schema: { body: change } },
    async (request) => {
      const { by, reason, ...fields } = request.body;
      await people.update(request.params.id, fields, { who: { by, reason } });
      return answer(request.params.id);
    },
  );
  for (const act of ['deactivate', 'reactivate'] as const) {
    app.post<{ Params: { id: string }; Body: Acting }>(
      `/v1/people/:id/${act}`,
      { ...needs('people.write'), schema: { body: ACTING } },
      async (request) => {
        await people[act](request.params.id, request.body);
        return answer(request.params.id);
      },
    );
  }
  app.delete<{ Params: { id: string }; Querystring: Acting }>(
    '/v1/people/:id',
    { ...needs('people.write'), schema: { querystring: ACTING } },
    async (request) => {
      await people.remove(request.params.id, { who: request.query });
      return { removed: request.params.id };
    },
  );
}

function shown(directory: Directory, person: Person): JsonObject {
  const { id, userName, name, email, department, groups, active, externalId, origin } = person;
  const agents = directory.agentsOwnedBy(id);
  return {
    ...{ id, userName, name, email, department, groups, active, externalId, origin },
    attributes: shownAttributes(person),
    leaving: leavingOf(person) !== null,
    agentCount: agents.length,
    orphanedCount: agents.filter((agent) => agent.state === 'orphaned').length,
  };
}
