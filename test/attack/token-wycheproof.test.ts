import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { algorithmsOf, type CompactJws, CredentialRefused, isSignedBy, readJws } from '../../src/identity/proof/jws.ts';
import type { PublicJwk } from '../../src/model/agent.ts';

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly jws?: unknown;
  readonly result: 'valid' | 'invalid';
}

interface Group {
  readonly comment: string;
  readonly public?: PublicJwk;
  readonly tests: readonly Vector[];
}

const folder = process.env.INTERLOCK_CORPORA;
const file = folder === undefined ? null : join(folder, 'wycheproof', 'json_web_crypto_test.json');
const present = file !== null && existsSync(file);
if (!present)
  console.log('INTERLOCK_CORPORA is not set or has no wycheproof folder: the Wycheproof JWS vectors were NOT run');

/** The vectors sign the text "foo", which is no JWT: the signature alone is judged, as it stands in the token. */
function unread(text: string): CompactJws | null {
  const parts = text.split('.');
  if (parts.length !== 3) return null;
  const header = JSON.parse(Buffer.from(parts[0] as string, 'base64url').toString() || 'null') as {
    alg?: string;
  } | null;
  return header?.alg === undefined ? null : { text, alg: header.alg, kid: null, typ: null, jwk: null, payload: {} };
}

it.runIf(present)('every Wycheproof JWS vector with a public key is judged as it should be', async () => {
  const { testGroups } = JSON.parse(readFileSync(file as string, 'utf8')) as { testGroups: readonly Group[] };
  let judged = 0;
  for (const group of testGroups) {
    for (const vector of group.tests) {
      if (!('jws' in vector)) continue;
      const text = typeof vector.jws === 'string' ? vector.jws : JSON.stringify(vector.jws);
      const name = `${vector.tcId} ${vector.comment}`;
      // Whatever it is, it is no JWT of ours.
      expect(() => readJws(text, 8192), name).toThrow(CredentialRefused);
      if (group.public === undefined) continue;
      judged++;
      const jws = unread(text);
      const signed = jws !== null && (await isSignedBy(jws, group.public));
      expect(signed, name).toBe(vector.result === 'valid');
    }
  }
  expect(judged).toBe(29);
});

it.runIf(present)('a key of the broken generator proves nothing, a sound one of the same size does', () => {
  const { testGroups } = JSON.parse(readFileSync(file as string, 'utf8')) as { testGroups: readonly Group[] };
  const key = (name: string) => testGroups.find((group) => group.comment === name)?.public as PublicJwk;
  expect(algorithmsOf(key('jws_rsa_roca_key'))).toEqual([]);
  expect(algorithmsOf(key('jws_rsa'))).toEqual(['RS256']);
});
