/** Pieces of the schemas of administrative requests. Nothing unknown is accepted anywhere. */
export const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength }) as const;
export const closed = { type: 'object', additionalProperties: false } as const;
/** Who gives an order, and why: in every request that changes something. */
export const BY = text(200);
export const REASON = text(2000);
