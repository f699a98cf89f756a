import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

type Json = Record<string, unknown>;

/** What can be wrong with what an authenticator, or the browser before it, says. */
export interface Forging {
  /** Default: what was asked for. */
  readonly challenge?: string;
  readonly origin?: string;
  readonly rpId?: string;
  readonly counter?: number;
  readonly userVerified?: boolean;
  readonly userPresent?: boolean;
  readonly crossOrigin?: boolean;
  readonly type?: string;
  /** Claims to be this credential; signs with its own key all the same. */
  readonly id?: string;
}

/** An authenticator in software, with a real key: it signs whatever it is told to, which no honest one does. */
export class SoftAuthenticator {
  readonly id = randomBytes(32).toString('base64url');
  readonly #key: KeyObject;
  readonly #cose: Buffer;
  readonly #origin: string;
  counter = 0;

  constructor(origin: string) {
    this.#origin = origin;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const part = (text: string) => Buffer.from(text, 'base64url');
    // COSE key (RFC 9053): EC2, ES256, P-256, x, y.
    const head = Buffer.from('a5010203262001215820', 'hex');
    this.#cose = Buffer.concat([head, part(x), Buffer.from('225820', 'hex'), part(y)]);
  }

  /** The answer to `…/passkey/options` of an enrolment. */
  register(options: Json): Json {
    const id = Buffer.from(this.id, 'base64url');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const data = Buffer.concat([this.#data({}, 0x45), Buffer.alloc(16), length, id, this.#cose]);
    const size = Buffer.alloc(2);
    size.writeUInt16BE(data.length);
    // CBOR: {"fmt": "none", "attStmt": {}, "authData": bytes}
    const head = Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746159', 'hex');
    const attestationObject = Buffer.concat([head, size, data]).toString('base64url');
    const clientDataJSON = this.#client({ type: 'webauthn.create', challenge: options.challenge as string });
    return this.#answer({ attestationObject, clientDataJSON, transports: ['internal'] });
  }

  /** The answer to options of a signature. */
  sign(options: Json, forging: Forging = {}): Json {
    const { userVerified = true, userPresent = true } = forging;
    const data = this.#data(forging, (userPresent ? 0x01 : 0) | (userVerified ? 0x04 : 0));
    const client = { type: 'webauthn.get', challenge: options.challenge as string, ...forging };
    const clientDataJSON = this.#client(client);
    const hash = createHash('sha256').update(Buffer.from(clientDataJSON, 'base64url')).digest();
    const signature = sign('sha256', Buffer.concat([data, hash]), this.#key).toString('base64url');
    const parts = { authenticatorData: data.toString('base64url'), clientDataJSON, signature };
    return this.#answer(parts, forging.id);
  }

  #data({ rpId = new URL(this.#origin).hostname, counter = ++this.counter }: Forging, flags: number): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.from([flags]), count]);
  }

  #client({ type, challenge, origin = this.#origin, crossOrigin = false }: Forging): string {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin })).toString('base64url');
  }

  #answer(response: Json, id = this.id): Json {
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }
}
