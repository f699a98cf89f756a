interface Words {
  readonly title: string;
  readonly more: string;
  /** Cannot be undone, or leaves the house. */
  readonly grave: boolean;
}

const WORDS: Readonly<Record<string, Words>> = {
  read: { title: 'Read', more: 'Look things up. Changes nothing.', grave: false },
  write: { title: 'Change', more: 'Create things, and change those that are there.', grave: false },
  destructive: { title: 'Delete', more: 'Delete things, or change them so that it cannot be undone.', grave: true },
  external: {
    title: 'Send outside',
    more: 'Send messages, publish, or pay: what leaves cannot be taken back.',
    grave: true,
  },
  credential: { title: 'Handle credentials', more: 'See or change passwords, keys and who has access.', grave: true },
  all: { title: 'Everything', more: 'All of it: read, change, delete, send outside, handle credentials.', grave: true },
};

/** A right of a scope in the words of somebody who has to allow it. */
export function rightWords(right: string): Words {
  return WORDS[right] ?? { title: right, more: 'This gateway has no words for this right.', grave: true };
}

/** `crm:read` as `Read on crm`. */
export function scopeWords(scope: string): string {
  const [server = '', right = ''] = scope.split(':');
  return `${rightWords(right).title} on ${server === '*' ? 'every server' : server}`;
}
