import made from './answers.json' with { type: 'json' };
import { type Answers, MEDIA, STATUSES } from './answers.ts';

type Json = { readonly [key: string]: unknown };

/** As far as answers are put into it. */
export interface OpenApi extends Json {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components?: Json & { readonly schemas?: Json };
}

const PROBLEM = {
  type: 'object',
  description: 'RFC 9457. What else belongs to the problem stands beside these.',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', description: 'Always about:blank: `code` says which.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'For people.' },
    code: { type: 'string', description: 'Short and stable.' },
  },
} as const;

const REFUSED = {
  description: 'Refused, or failed',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

const REPLAYED = {
  'idempotency-replayed': {
    description:
      'The same request was done before under its idempotency key: this is its answer, nothing was done again.',
    schema: { type: 'string', const: 'true' },
  },
};

/**
 * The document, with what every route answers. Answers are not serialized by these schemas, which would cut off what they do not know: a
 * test compares real answers with them. Pure.
 */
export function withAnswers(document: OpenApi): OpenApi {
  const paths = Object.entries(document.paths).map(([path, methods]) => {
    const operations = Object.entries(methods).map(([method, operation]) => {
      const route = `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}` as keyof Answers;
      return [method, { ...operation, responses: { ...answersOf(route), default: REFUSED } }];
    });
    return [path, Object.fromEntries(operations)];
  });
  const described = Object.fromEntries(paths);
  const schemas = { ...document.components?.schemas, ...named(described), Problem: PROBLEM };
  return { ...document, paths: described, components: { ...document.components, schemas } };
}

/** The shared schemas that these name, and those that they name. */
function named(paths: Json): Json {
  const all: Json = made.schemas;
  const found = new Map<string, unknown>();
  const look = (text: string): void => {
    for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (found.has(name) || all[name] === undefined) continue;
      found.set(name, all[name]);
      look(JSON.stringify(all[name]));
    }
  };
  look(JSON.stringify(paths));
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function answersOf(route: keyof Answers): Json {
  const schema: Json = made.answers[route];
  const content = MEDIA[route]?.map((media) => [media, textOf(schema)]) ?? [['application/json', { schema }]];
  const answer = {
    description: 'Done',
    ...(route.startsWith('GET ') ? {} : { headers: REPLAYED }),
    content: Object.fromEntries(content),
  };
  return Object.fromEntries((STATUSES[route] ?? [200]).map((status) => [status, answer]));
}

/** Text; where it is made of things that have a shape, `x-item` says which. */
function textOf(schema: Json): Json {
  return { schema: { type: 'string' }, ...('$ref' in schema ? { 'x-item': schema } : {}) };
}
