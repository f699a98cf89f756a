import { isObject, type Json } from '../model/json.ts';
import { type Reason, Refused } from './reasons.ts';

export interface Redeeming {
  readonly url: string;
  readonly token: string;
  readonly proof: string | null;
  readonly http: typeof globalThis.fetch;
}

const TIMEOUT_MS = 5_000;
const WHY: ReadonlyMap<unknown, Reason> = new Map<unknown, Reason>([
  ['used', 'used'],
  ['stopped', 'stopped'],
  ['expired', 'expired'],
  ['invalid', 'redeem-refused'],
]);

/** Asks the gateway for the one use there is: once over all processes of a tool, and not after a kill. Throws Refused. */
export async function redeem({ url, token, proof, http }: Redeeming): Promise<void> {
  let answer: Json;
  try {
    const response = await http(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(proof === null ? { token } : { token, proof }),
      // A credential is shown to whom it was meant for and nobody else.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    answer = (await response.json()) as Json;
  } catch (error) {
    throw new Refused('redeem-unavailable', error);
  }
  if (isObject(answer) && answer.redeemed === true) return;
  throw new Refused((isObject(answer) ? WHY.get(answer.why) : undefined) ?? 'redeem-unavailable');
}
