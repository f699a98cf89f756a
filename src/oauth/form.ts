import { OAuthRefused } from './answer.ts';

const MAX_BODY_LENGTH = 32_768;
const MAX_FIELDS = 50;
/** RFC 8707 section 2: the only parameter that may come more than once. */
const REPEATABLE: ReadonlySet<string> = new Set(['resource', 'audience']);

export interface Form {
  get(name: string): string | null;
  all(name: string): readonly string[];
}

/**
 * Reads `application/x-www-form-urlencoded`. A parameter sent twice is refused (RFC 6749 section 3.2), one without a value counts as
 * left out (section 3.1). Throws OAuthRefused.
 */
export function readForm(contentType: string | undefined, body: string): Form {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') {
    throw new OAuthRefused('invalid_request', 'send the parameters as application/x-www-form-urlencoded');
  }
  if (body.length > MAX_BODY_LENGTH)
    throw new OAuthRefused('invalid_request', `the body is longer than ${MAX_BODY_LENGTH}`);
  const fields = new Map<string, string[]>();
  let count = 0;
  for (const [name, value] of new URLSearchParams(body)) {
    if (++count > MAX_FIELDS) throw new OAuthRefused('invalid_request', `more than ${MAX_FIELDS} parameters`);
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else if (REPEATABLE.has(name)) values.push(value);
    else throw new OAuthRefused('invalid_request', 'a parameter was sent twice');
  }
  const all = (name: string) => (fields.get(name) ?? []).filter((value) => value !== '');
  return { all, get: (name) => all(name)[0] ?? null };
}
