/** Stable reasons, with the status an HTTP surface gives them. */
const STATUS = {
  missing: 404,
  exists: 409,
  state: 409,
  /** Somebody else changed it since it was read. */
  lost: 409,
  taken: 409,
  /** It stands in the configuration file and is changed there. */
  configured: 409,
  invalid: 400,
  /** Separation of duties, or not one of those who may. */
  forbidden: 403,
  /** Something could not be ended. */
  left: 409,
  limit: 413,
} as const;

export type RegistryRefusal = keyof typeof STATUS;

/** A change of the registry that was not made, in words that say what to do. */
export class RegistryRefused extends Error {
  readonly why: RegistryRefusal;
  readonly status: number;

  constructor(why: RegistryRefusal, message: string) {
    super(message);
    this.name = 'RegistryRefused';
    this.why = why;
    this.status = STATUS[why];
  }
}
