import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';

/** C2SP signed notes (c2sp.org/signed-note) with Ed25519, and the key texts of Go's `sumdb/note`. */
const ED25519 = 0x01;
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');
/** A note is small; anything bigger is refused before it is looked at. 16 signatures, one of them post-quantum, fit. */
const MAX_NOTE_CHARS = 100_000;

export interface Signer {
  readonly name: string;
  /** What a verifier needs: `<name>+<key id>+<base64>`. Public. */
  readonly vkey: string;
  /** Signs a text that ends with a newline. Returns the whole note. */
  sign(text: string): string;
}

export interface Verifier {
  readonly name: string;
  readonly vkey: string;
  /** The text of the note when this key signed it, else null. */
  open(note: string): string | null;
}

/** A new key as `PRIVATE+KEY+<name>+<key id>+<base64 seed>`. Secret. RangeError for a name a note cannot carry. */
export function generateKey(name: string): string {
  checkName(name);
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const id = keyId(name, rawPublicKey(privateKey)).toString('hex');
  return `PRIVATE+KEY+${name}+${id}+${Buffer.concat([Buffer.from([ED25519]), seed]).toString('base64')}`;
}

/** RangeError when the text is no Ed25519 signing key. */
export function parseSigner(text: string): Signer {
  const [, name, id, key] = /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  const bytes = Buffer.from(key ?? '', 'base64');
  if (name === undefined || id === undefined || bytes.length !== 33 || bytes[0] !== ED25519)
    throw new RangeError('not an Ed25519 signing key');
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_ED25519, bytes.subarray(1)]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = rawPublicKey(privateKey);
  const idBytes = keyId(name, publicKey);
  if (idBytes.toString('hex') !== id) throw new RangeError('the key id does not fit the key');
  return {
    name,
    vkey: `${name}+${id}+${Buffer.concat([Buffer.from([ED25519]), publicKey]).toString('base64')}`,
    sign(body) {
      const signature = sign(null, Buffer.from(body, 'utf8'), privateKey);
      return `${body}\n— ${name} ${Buffer.concat([idBytes, signature]).toString('base64')}\n`;
    },
  };
}

/** RangeError when the text is no Ed25519 verifier key. */
export function parseVerifier(vkey: string): Verifier {
  const [, name, id, key] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey.trim()) ?? [];
  const bytes = Buffer.from(key ?? '', 'base64');
  if (name === undefined || id === undefined || bytes.length !== 33 || bytes[0] !== ED25519)
    throw new RangeError('not an Ed25519 verifier key');
  const raw = bytes.subarray(1);
  const idBytes = keyId(name, raw);
  if (idBytes.toString('hex') !== id) throw new RangeError('the key id does not fit the key');
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI_ED25519, raw]), format: 'der', type: 'spki' });
  return { name, vkey: vkey.trim(), open: (note) => openNote(note, { name, id: idBytes, publicKey }) };
}

function openNote(
  note: string,
  key: { readonly name: string; readonly id: Buffer; readonly publicKey: KeyObject },
): string | null {
  if (note.length > MAX_NOTE_CHARS || /[\0-\x09\x0b-\x1f]/.test(note)) return null;
  // The text is separated from the signatures by the LAST empty line.
  const blank = note.lastIndexOf('\n\n');
  if (blank < 0 || !note.endsWith('\n')) return null;
  const text = note.slice(0, blank + 1);
  let known = false;
  for (const line of note.slice(blank + 2, -1).split('\n')) {
    const signature = parseSignature(line);
    if (signature === null) return null;
    if (signature.name !== key.name || !timingSafeEqual(signature.bytes.subarray(0, 4), key.id)) continue;
    if (!verify(null, Buffer.from(text, 'utf8'), key.publicKey, signature.bytes.subarray(4))) return null;
    known = true;
  }
  return known ? text : null;
}

function parseSignature(line: string): { readonly name: string; readonly bytes: Buffer } | null {
  const [, name, base64] = /^— ([^+\s]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
  if (name === undefined || base64 === undefined) return null;
  const bytes = Buffer.from(base64, 'base64');
  // Only the one canonical spelling of the bytes: a flipped padding bit is a change too.
  return bytes.length > 4 && bytes.toString('base64') === base64 ? { name, bytes } : null;
}

function rawPublicKey(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
}

function keyId(name: string, publicKey: Buffer): Buffer {
  return hash(
    'sha256',
    Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), Buffer.from([ED25519]), publicKey]),
    'buffer',
  ).subarray(0, 4);
}

function checkName(name: string): void {
  if (name === '' || /[\s+\p{Cc}\p{Z}]/u.test(name) || !name.isWellFormed())
    throw new RangeError('a key name has no spaces and no "+"');
}
