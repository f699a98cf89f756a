import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Person } from '../../model/person.ts';
import { COMMON_WORDS, KEYBOARD_RUNS } from './common-passwords.ts';

export const MIN_LENGTH = 12;
const MAX_LENGTH = 128;
/** Argon2id (RFC 9106): 19 MiB, two passes, one lane; about 50 ms of one core. */
const COST = Object.freeze({ memory: 19_456, passes: 2, parallelism: 1 });
const TAG_BYTES = 32;
const SALT_BYTES = 16;
const STORED = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([\w+/]{22,86})\$([\w+/]{43,86})$/;
/** Hashing shares threads with the disk: more than this at once would let strangers slow the journal. */
const MAX_AT_ONCE = 2;
const MAX_WAITING = 50;

/** Why a password cannot be used, in words for its owner; `null`: it can. NIST SP 800-63B: length and known passwords, no composition rules. */
export function whyWeak(password: string, person: Pick<Person, 'id' | 'userName' | 'name' | 'email'>): string | null {
  const text = password.normalize('NFKC');
  const length = [...text].length;
  if (length < MIN_LENGTH) return `Use at least ${MIN_LENGTH} characters. A few unrelated words are easy to remember.`;
  if (length > MAX_LENGTH) return `Use at most ${MAX_LENGTH} characters.`;
  if (new Set(text).size < 5) return 'It repeats too few different characters.';
  const folded = unleet(text.toLowerCase());
  const own = [person.id, person.userName, person.email?.split('@')[0] ?? '', ...person.name.split(/\s+/)]
    .map((part) => part.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ''))
    .filter((part) => part.length >= 4);
  const rest = without(folded, [...COMMON_WORDS, ...own]);
  return rest < 6
    ? 'It is made of words and patterns that are guessed first. Add something only you would think of.'
    : null;
}

/** How much of the text is left when known words, keyboard runs, digits and punctuation are taken out. Bounded by MAX_LENGTH. */
function without(text: string, words: readonly string[]): number {
  let left = text;
  for (const word of [...words].sort((a, b) => b.length - a.length)) left = left.replaceAll(word, ' ');
  for (const run of KEYBOARD_RUNS) left = takeRuns(left, run);
  const letters = new Set(left.replace(/[^\p{L}]/gu, '')).size;
  return letters + Math.floor(left.replace(/[\p{L}\s]/gu, '').length / 3);
}

function takeRuns(text: string, run: string): string {
  let left = text;
  for (let size = run.length; size >= 4; size--) {
    for (let at = 0; at + size <= run.length; at++) left = left.replaceAll(run.slice(at, at + size), ' ');
  }
  return left;
}

function unleet(text: string): string {
  const letters: Record<string, string> = {
    '0': 'o',
    '1': 'i',
    '3': 'e',
    '4': 'a',
    '5': 's',
    '7': 't',
    '@': 'a',
    $: 's',
    '!': 'i',
  };
  return text.replace(
    /(?<=\p{L})[0134573@$!](?=\p{L})|^[@$](?=\p{L})|(?<=\p{L})[0](?=\p{L}|$)/gu,
    (point) => letters[point] ?? point,
  );
}

let running = 0;
const waiting: (() => void)[] = [];

/** Too much hashing at once; the caller is told to come back. */
export class TooBusy extends Error {}

async function derive(password: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
  if (running >= MAX_AT_ONCE) {
    if (waiting.length >= MAX_WAITING) throw new TooBusy('too many passwords are being checked');
    await new Promise<void>((go) => waiting.push(go));
  } else running++;
  try {
    const message = password.normalize('NFKC');
    return await new Promise((resolve, reject) => {
      argon2('argon2id', { message, nonce: salt, tagLength: TAG_BYTES, ...cost }, (error, tag) =>
        error ? reject(error) : resolve(tag),
      );
    });
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}

/** PHC string format. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const tag = await derive(password, salt, COST);
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${bare(salt)}$${bare(tag)}`;
}

/** `stored: null`: nobody has it, and the answer takes as long. `again`: it was hashed at a lower cost than today's. */
export async function checkPassword(
  password: string,
  stored: string | null,
): Promise<{ readonly ok: boolean; readonly again: boolean }> {
  const parts = stored === null ? null : STORED.exec(stored);
  if ([...password].length > MAX_LENGTH || parts === null) {
    await derive(password.slice(0, MAX_LENGTH), NOBODYS_SALT, COST);
    return { ok: false, again: false };
  }
  const [, memory, passes, parallelism, salt = '', tag = ''] = parts;
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const got = await derive(password, Buffer.from(salt, 'base64'), cost as typeof COST);
  const want = Buffer.from(tag, 'base64');
  const ok = got.length === want.length && timingSafeEqual(got, want);
  return { ok, again: ok && (cost.memory < COST.memory || cost.passes < COST.passes) };
}

const NOBODYS_SALT = randomBytes(SALT_BYTES);

function bare(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
