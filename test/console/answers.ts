import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import made from '../../src/surfaces/admin/contract/answers.json' with { type: 'json' };
import { MEDIA, STATUSES } from '../../src/surfaces/admin/contract/answers.ts';

/** Real answers of the administrative API against what its document says of them. */

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'answers', components: { schemas: made.schemas } });
const validators = new Map<string, ValidateFunction>();

type Route = keyof typeof made.answers;
const ROUTES = (Object.keys(made.answers) as Route[]).map((route) => {
  const [method = '', path = ''] = route.split(' ');
  return { route, method, parts: path.split('/') };
});

/** Which route that is; fixed parts before those that may be anything. */
export function routeOf(method: string, path: string): Route | null {
  const parts = path.split('?')[0]!.split('/');
  const fits = ROUTES.filter(
    (each) =>
      each.method === method &&
      each.parts.length === parts.length &&
      each.parts.every((part, i) => part.startsWith(':') || part === parts[i]),
  );
  const fixed = (route: string): number => route.split('/').filter((part) => !part.startsWith(':')).length;
  return fits.sort((a, b) => fixed(b.route) - fixed(a.route))[0]?.route ?? null;
}

function validatorOf(route: Route): ValidateFunction {
  const known = validators.get(route);
  if (known !== undefined) return known;
  const schema = made.answers[route] as { readonly $ref?: string };
  const validate = ajv.compile(schema.$ref === undefined ? schema : { $ref: `answers${schema.$ref}` });
  validators.set(route, validate);
  return validate;
}

/** What is wrong with it; empty: it is as the document says. Refusals, and what is not JSON, are not looked at. */
export function wrongWith(route: Route, status: number, body: unknown): readonly string[] {
  if (status < 200 || status >= 300) return [];
  const statuses = STATUSES[route] ?? [200];
  if (!statuses.includes(status)) return [`${route}: status ${status}, not ${statuses.join(' or ')}`];
  if (MEDIA[route] !== undefined) return [];
  const validate = validatorOf(route);
  if (validate(body)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${route} ${instancePath}: ${message} ${JSON.stringify(params)}`,
  );
}

/** Throws unless it is as the document says. */
export function checkAnswer(asked: { method: string; path: string }, status: number, body: unknown): void {
  const route = routeOf(asked.method, asked.path);
  const wrong = route === null ? [] : wrongWith(route, status, body);
  if (wrong.length > 0) throw new Error(`the document says otherwise: ${wrong.join('; ').slice(0, 2_000)}`);
}
