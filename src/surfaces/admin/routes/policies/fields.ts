import { closed } from '../../schemas.ts';
import { PAGE } from '../estate/page.ts';

/** Four mebibytes of policies, as JSON. */
export const MAX_BODY_BYTES = 12_582_912;

/** Names and sizes are looked at more closely where files are taken in: with words for each. */
export const FILES = {
  type: 'array',
  maxItems: 200,
  items: {
    ...closed,
    required: ['path', 'text'],
    properties: {
      path: { type: 'string', minLength: 1, maxLength: 200 },
      text: { type: 'string', maxLength: 4_194_304 },
    },
  },
} as const;

export const POLICY_PAGE = { ...PAGE, limit: { type: 'integer', minimum: 1, maximum: 200 } } as const;
