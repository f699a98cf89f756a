/**
 * What a policy can demand, and what its detail is. The gateway fulfils each of these; a policy that demands anything else is
 * refused, because nobody would do it.
 */
export const OBLIGATIONS: ReadonlyMap<string, { readonly detail: 'required' | 'none'; readonly example: string }> =
  new Map([
    ['mask', { detail: 'required', example: 'mask:email,phone' }],
    ['redact-arguments', { detail: 'none', example: 'redact-arguments' }],
  ]);
