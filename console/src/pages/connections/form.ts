import type { Connection } from '../../../../src/model/connection.ts';

/** What somebody types to connect two agents. */
export interface ConnectionForm {
  readonly from: string;
  readonly to: string;
  readonly id: string;
  readonly scopes: string;
  readonly user: boolean;
  readonly machine: boolean;
  readonly maxDepth: string;
  readonly requiresTask: boolean;
  readonly hoursFrom: string;
  readonly hoursTo: string;
  /** As `datetime-local` gives it, in the viewer's zone. */
  readonly end: string;
}

export const EMPTY: ConnectionForm = {
  from: '',
  to: '',
  id: '',
  scopes: '',
  user: true,
  machine: true,
  maxDepth: '',
  requiresTask: false,
  hoursFrom: '',
  hoursTo: '',
  end: '',
};

const SCOPE = /^(\*|[a-z][a-z0-9-]{0,31}):(read|write|destructive|external|credential|all)$/;

export type Body = Record<string, unknown>;
export type Problems = Partial<Record<keyof ConnectionForm, string>>;

/** What is sent, or what is wrong with which field. Pure. */
export function bodyOf(form: ConnectionForm, nowMs: number): { readonly body: Body } | { readonly problems: Problems } {
  const problems: { -readonly [name in keyof ConnectionForm]?: string } = {};
  const from = form.from.trim();
  const to = form.to.trim();
  if (from === '') problems.from = 'Say which agent hands work on.';
  if (to === '') problems.to = 'Say which agent takes it.';
  if (from !== '' && from === to) problems.to = 'An agent needs no connection to itself.';
  const id = form.id.trim();
  if (id !== '' && !/^[a-z][a-z0-9-]{0,63}$/.test(id))
    problems.id = 'A letter, then letters, digits and hyphens, lower case.';
  const scopes = form.scopes.split(/[\s,]+/).filter((scope) => scope !== '');
  const wrong = scopes.find((scope) => !SCOPE.test(scope));
  if (wrong !== undefined) problems.scopes = `"${wrong}" is no scope: write server:effect, as in crm:read or *:read.`;
  if (!form.user && !form.machine) problems.user = 'Choose at least one.';
  const depth = form.maxDepth === '' ? null : Number(form.maxDepth);
  if (depth !== null && !(Number.isInteger(depth) && depth >= 2 && depth <= 8)) problems.maxDepth = 'From 2 to 8.';
  const hours = [form.hoursFrom, form.hoursTo];
  const given = hours.filter((hour) => hour !== '').length;
  const valid = hours.every((hour) => /^\d{1,2}$/.test(hour) && Number(hour) <= 23);
  if (given === 1 || (given === 2 && !valid)) problems.hoursFrom = 'Two full hours from 0 to 23, or none.';
  const endMs = form.end === '' ? null : new Date(form.end).getTime();
  if (endMs !== null && !(endMs > nowMs)) problems.end = 'That time has passed.';
  if (Object.keys(problems).length > 0) return { problems };
  const body: Body = {
    ...{ from, to, requiresTask: form.requiresTask },
    scopes: scopes.length === 0 ? null : scopes,
    initiators: [...(form.user ? ['user'] : []), ...(form.machine ? ['machine'] : [])],
    maxDepth: depth,
    hours: given === 0 ? null : hours.map(Number),
    notAfterMs: endMs,
  };
  return { body: id === '' ? body : { ...body, id } };
}

/** The same again, as after a removal that is taken back. */
export function againOf({ createdBy: _by, createdAtMs: _at, ...terms }: Connection): Body {
  return { ...terms };
}

/** `08–18 UTC` */
export function hoursWords(hours: Connection['hours']): string {
  if (hours === null) return 'always';
  const [from, to] = hours.map((hour) => String(hour).padStart(2, '0'));
  return `${from}–${to} UTC`;
}

export function scopeWords(scopes: Connection['scopes']): string {
  return scopes === null ? 'whatever it holds' : scopes.join(', ');
}

export function initiatorWords(initiators: Connection['initiators']): string {
  if (initiators.length === 2) return 'people and machines';
  return initiators[0] === 'user' ? 'people only' : 'machines only';
}
