import { createRequire } from 'node:module';

export type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');

/** The official parser gave up in the middle: its memory can no longer be trusted, so the next call gets a fresh instance. */
export class CedarTrap extends Error {
  constructor(cause: unknown) {
    super('the Cedar parser ran out of stack', { cause });
    this.name = 'CedarTrap';
  }
}

const require = createRequire(import.meta.url);
const MODULE = '@cedar-policy/cedar-wasm/nodejs';
let instance: Cedar | null = null;

/**
 * Runs one call against the official Cedar implementation (WebAssembly). Publish-time only: a call costs from tens of
 * microseconds to milliseconds. Throws `CedarTrap` when the input made it overflow its stack.
 */
export function withCedar<T>(call: (cedar: Cedar) => T): T {
  instance ??= require(MODULE) as Cedar;
  try {
    return call(instance);
  } catch (thrown) {
    // An overflowed WebAssembly stack leaves the module half-updated: every later call would fail or, worse, answer wrongly.
    instance = null;
    delete require.cache[require.resolve(MODULE)];
    throw new CedarTrap(thrown);
  }
}
