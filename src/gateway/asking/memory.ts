import { type Action, targetName } from '../../model/action.ts';
import type { EarlierCall } from '../../model/approval.ts';
import type { JsonObject } from '../../model/json.ts';

/** UTF-16 units: texts of one-byte characters take half of what is counted. */
export const MEMORY_LIMITS = {
  /** Of results, and of arguments, of one session. */
  charsPerSession: 65_536,
  /** Of one result, from its beginning, and of the arguments of one call: none can push out all others. */
  charsOfOne: 32_768,
  calls: 50,
  results: 500,
  /** In all sessions of the process: 64 MiB at two bytes. */
  charsInAll: 33_554_432,
} as const;

/** What every kept text costs besides its characters. */
const OVERHEAD_CHARS = 64;
const MAX_NAME_CHARS = 300;

/** One call as the session remembers it. Its outcome is filled in when it is known. */
export interface RememberedCall extends EarlierCall {
  outcome: EarlierCall['outcome'];
}

/** A text the agent was told. */
export interface SeenText {
  /** `server/tool`. */
  readonly tool: string;
  readonly text: string;
  readonly untrusted: boolean;
}

interface Permitted extends Omit<EarlierCall, 'outcome'> {
  readonly args: JsonObject;
  /** At least their length as JSON. */
  readonly chars: number;
}

interface Kept<T> {
  readonly value: T;
  readonly place: Place;
}

/**
 * What one session did and was told, so that somebody who is asked can be told where a value came from. Bounded; holds references to
 * what exists anyway, and reads none of it until a question is asked. Nothing decides by it.
 */
export class SessionMemory {
  readonly #calls: RememberedCall[] = [];
  readonly #results: Kept<SeenText>[] = [];
  readonly #args: Kept<JsonObject>[] = [];
  readonly #self = new WeakRef(this);
  #resultChars = 0;
  #argsChars = 0;
  #permitted = 0;
  #complete = true;

  permitted({ args, chars, ...call }: Permitted): RememberedCall {
    this.#permitted++;
    if (chars > MEMORY_LIMITS.charsOfOne) this.#complete = false;
    else this.#keepArguments(args, chars);
    return this.#push({ ...call, outcome: 'under-way' });
  }

  #keepArguments(args: JsonObject, chars: number): void {
    this.#argsChars += chars;
    this.#args.push({ value: args, place: keep(this.#self, chars) });
    while (this.#argsChars > MEMORY_LIMITS.charsPerSession || this.#args.length > MEMORY_LIMITS.calls) {
      const dropped = this.#args.shift() as Kept<JsonObject>;
      this.#argsChars -= dropped.place.chars;
      this.#lost(dropped.place);
    }
  }

  refused(call: Omit<EarlierCall, 'outcome'>): void {
    this.#push({ ...call, outcome: 'refused' });
  }

  /** A result, or the text of an error, reached the agent. */
  saw(seen: SeenText): void {
    const long = seen.text.length > MEMORY_LIMITS.charsOfOne;
    if (long) this.#complete = false;
    const text = long ? beginningOf(seen.text) : seen.text;
    this.#resultChars += text.length;
    this.#results.push({ value: { ...seen, text }, place: keep(this.#self, text.length) });
    while (this.#resultChars > MEMORY_LIMITS.charsPerSession || this.#results.length > MEMORY_LIMITS.results) {
      const dropped = this.#results.shift() as Kept<SeenText>;
      this.#resultChars -= dropped.place.chars;
      this.#lost(dropped.place);
    }
  }

  /** The process has no room for it any more. */
  forget(place: Place): void {
    this.#complete = false;
    const result = this.#results.findIndex((kept) => kept.place === place);
    if (result >= 0) {
      this.#results.splice(result, 1);
      this.#resultChars -= place.chars;
      return;
    }
    const args = this.#args.findIndex((kept) => kept.place === place);
    if (args >= 0) {
      this.#args.splice(args, 1);
      this.#argsChars -= place.chars;
    }
  }

  /** Newest last. */
  get calls(): readonly EarlierCall[] {
    return this.#calls;
  }

  /** Newest first. */
  get results(): readonly SeenText[] {
    return this.#results.map((kept) => kept.value).reverse();
  }

  /** Newest first. */
  get arguments(): readonly JsonObject[] {
    return this.#args.map((kept) => kept.value).reverse();
  }

  /** Whether it still has everything of a session that was permitted so many calls. */
  isComplete(calls: number): boolean {
    return this.#complete && this.#permitted >= calls;
  }

  #push(call: RememberedCall): RememberedCall {
    this.#calls.push(call);
    if (this.#calls.length > MEMORY_LIMITS.calls) this.#calls.shift();
    return call;
  }

  #lost(place: Place): void {
    this.#complete = false;
    release(place);
  }
}

/** Copied: a slice would hold the whole text. */
function beginningOf(text: string): string {
  return Buffer.from(text.slice(0, MEMORY_LIMITS.charsOfOne), 'utf16le').toString('utf16le');
}

/** `server/tool`; for what is no tool, its URI or name. */
export function rememberedAs(action: Action): string {
  return `${action.server}/${targetName(action.target) ?? action.name}`.slice(0, MAX_NAME_CHARS);
}

/** The room one kept text takes. Points weakly at its session, so that nothing of an ended one is held. */
interface Place {
  readonly of: WeakRef<SessionMemory>;
  readonly chars: number;
}

/** Process-wide, as the bound is; in the order things were kept. */
const places = new Set<Place>();
let charsInAll = 0;

function keep(of: WeakRef<SessionMemory>, chars: number): Place {
  const place = { of, chars };
  places.add(place);
  charsInAll += chars + OVERHEAD_CHARS;
  while (charsInAll > MEMORY_LIMITS.charsInAll) {
    const oldest = places.values().next().value;
    if (oldest === undefined) break;
    release(oldest);
    oldest.of.deref()?.forget(oldest);
  }
  return place;
}

function release(place: Place): void {
  if (places.delete(place)) charsInAll -= place.chars + OVERHEAD_CHARS;
}
