import type { Permission } from '../../model/insight/roles.ts';

/** Pieces of the schemas of administrative requests. Nothing unknown is accepted anywhere. */
export const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength }) as const;
export const closed = { type: 'object', additionalProperties: false } as const;
/** What a person in a browser needs for a route. */
export const needs = (permission: Permission) => ({ config: { needs: permission } }) as const;
/** The same, with a fresh assertion of their passkey over the very request. */
export const steppedUp = (permission: Permission) => ({ config: { needs: permission, stepUp: true } }) as const;
/** Who gives an order, and why: in every request that changes something. */
export const BY = text(200);
export const REASON = text(2000);
