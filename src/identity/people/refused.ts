/** `missing`: nobody of that id; `unique`: another has the name; `version`: changed since it was read; `invalid`: not taken. */
export type PersonRefusal = 'missing' | 'unique' | 'version' | 'invalid';

/** A change of people or groups that was not made. The message is for whoever asked. */
export class PersonRefused extends Error {
  readonly code: PersonRefusal;

  constructor(code: PersonRefusal, message: string) {
    super(message);
    this.name = 'PersonRefused';
    this.code = code;
  }

  /** For the administrative interface: a stable reason, and the HTTP status it deserves. */
  get why(): string {
    return this.code;
  }

  get status(): number {
    return this.code === 'missing' ? 404 : this.code === 'invalid' ? 400 : 409;
  }
}
