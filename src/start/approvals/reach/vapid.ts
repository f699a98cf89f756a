import { makeVapidKeys, type VapidKeys } from '../../../adapters/notify/web-push.ts';
import type { Seal } from '../../../identity/ring/seal.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { SecretStore } from '../../../ports/identity-stores.ts';

const KIND = 'vapid';
const ID = 'web-push';
const ABOUT = 'interlock vapid key';

/**
 * The key browsers subscribe to (RFC 8292), made once for all gateways on one store and sealed. With another key every subscription would
 * be lost. `null`: it is sealed with a key this gateway does not have.
 */
export async function openVapid(store: SecretStore, seal: Seal, clock: Clock): Promise<VapidKeys | null> {
  const there = await store.get(KIND, ID);
  if (there !== null) return read(seal, there.body);
  const made = makeVapidKeys();
  const body: JsonObject = { publicKey: made.publicKey, sealed: seal.seal(made.privateKey, ABOUT) };
  const row = { kind: KIND, id: ID, owner: 'interlock', version: 1, body, expiresAtMs: null, atMs: clock.nowMs() };
  if (await store.put(row, null)) return made;
  // Another gateway was first.
  const theirs = await store.get(KIND, ID);
  return theirs === null ? null : read(seal, theirs.body);
}

function read(seal: Seal, { publicKey, sealed }: JsonObject): VapidKeys | null {
  const privateKey = seal.open(sealed, ABOUT);
  return privateKey === null || typeof publicKey !== 'string' ? null : { publicKey, privateKey };
}
