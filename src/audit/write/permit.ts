import { bug } from '../../model/fault.ts';

/** Only this folder can hand it to the constructor: a permit cannot be made elsewhere, not even through `permit.constructor`. */
const MINT = Symbol('mint');

/**
 * Proof that the intent of one call is on stable storage. Single use. The sender calls `spend` in the same synchronous step
 * in which the first byte leaves; nothing else may send.
 */
class DurablePermit {
  readonly call: string;
  readonly seq: number;
  readonly #owner: object;
  #state: 'fresh' | 'spent' | 'closed' = 'fresh';

  constructor(mint: symbol, made: { readonly owner: object; readonly call: string; readonly seq: number }) {
    if (mint !== MINT) bug('a permit is made by the journal only');
    this.#owner = made.owner;
    this.call = made.call;
    this.seq = made.seq;
  }

  /** Throws a bug when the permit was used before or its call is closed already. */
  spend(): void {
    if (this.#state !== 'fresh') bug(`permit of call ${this.call} is ${this.#state} and cannot be spent`);
    this.#state = 'spent';
  }

  /** For the journal: exactly one outcome per intent. */
  static close(permit: DurablePermit, owner: object): void {
    if (!(#state in permit) || permit.#owner !== owner) bug('the permit is not of this journal');
    if (permit.#state === 'closed') bug(`call ${permit.call} has an outcome already`);
    permit.#state = 'closed';
  }
}

export type Permit = DurablePermit;

export function mintPermit(owner: object, call: string, seq: number): Permit {
  return new DurablePermit(MINT, { owner, call, seq });
}

export function closePermit(permit: Permit, owner: object): void {
  DurablePermit.close(permit, owner);
}
