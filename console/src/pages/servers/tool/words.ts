import type { LabelView } from '../../../../../src/model/insight/estate.ts';
import type { Finding } from '../../../../../src/model/tool.ts';

/** What a finding means, in few words; its own message says the particulars. */
export const FINDINGS: Readonly<Record<Finding['code'], string>> = {
  changed: 'The definition changed after it was accepted',
  'new-tool': 'A tool nobody has accepted yet',
  'hidden-characters': 'Characters that cannot be seen',
  'look-alike': 'A name that looks like another',
  'duplicate-name': 'The same name at another server',
  'unsafe-pattern': 'A pattern that can stall whoever checks it',
  'instruction-like-text': 'Text that reads like orders to a model',
  'schema-too-large': 'Larger than a definition should be',
  'invalid-definition': 'Not a valid definition',
};

/** Those somebody may have put there on purpose. */
export const GRAVE: ReadonlySet<Finding['code']> = new Set([
  'hidden-characters',
  'look-alike',
  'duplicate-name',
  'instruction-like-text',
  'invalid-definition',
  'unsafe-pattern',
]);

export const LABELS: Readonly<Record<LabelView['name'], string>> = {
  effect: 'Effect',
  dataClass: 'Data class',
  reversible: 'Can be undone',
  untrustedOutput: 'Output is untrusted',
};

export const FROM: Readonly<Record<LabelView['from'], string>> = {
  tool: 'configuration, for this tool',
  server: 'configuration, for every tool of the server (*)',
  annotations: "the server's own annotations",
  effect: 'its effect: what only reads leaves nothing to undo',
  default: 'default: the strictest, because nobody said',
};

export const FROM_SHORT: Readonly<Record<LabelView['from'], string>> = {
  tool: 'configuration',
  server: 'configuration (*)',
  annotations: 'annotations',
  effect: 'its effect',
  default: 'default',
};

export function labelValue(value: string | boolean): string {
  return typeof value === 'string' ? value : value ? 'yes' : 'no';
}

/** A JSON pointer as people read it: `inputSchema › properties › limit`. */
export function pathOf(pointer: string): string {
  if (pointer === '') return 'the whole definition';
  const parts = pointer.slice(1).split('/');
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')).join(' › ');
}
