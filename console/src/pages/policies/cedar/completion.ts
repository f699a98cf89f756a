import {
  type Completion,
  type CompletionContext,
  type CompletionResult,
  type CompletionSource,
  insertCompletionText,
} from '@codemirror/autocomplete';
import type { EditorView } from '@codemirror/view';
import type { PolicyVocabulary } from '../../../../../src/model/insight/policies.ts';
import { tokens } from './tokens.ts';

export interface Offered {
  /** Where what is completed begins, in the text before the cursor. */
  readonly from: number;
  readonly options: readonly Completion[];
}

const VARIABLES = ['principal', 'action', 'resource', 'context'];
const KEYWORDS = [
  'permit',
  'forbid',
  'when',
  'unless',
  'in',
  'has',
  'like',
  'is',
  'if',
  'then',
  'else',
  'true',
  'false',
];
const EXTENSIONS = ['decimal', 'datetime', 'duration', 'ip'];
/** What can be called on a value of a type. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  decimal: ['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'],
  Set: ['contains', 'containsAll', 'containsAny', 'isEmpty'],
  tags: ['hasTag', 'getTag'],
  datetime: ['offset', 'durationSince', 'toDate', 'toTime'],
};
/** Which types a variable can be of. */
const ROOTS: Readonly<Record<string, readonly string[]>> = {
  principal: ['Agent'],
  resource: ['Tool', 'Server', 'Resource', 'Prompt'],
  context: ['context'],
};
const DETAILS: Readonly<Record<string, string>> = {
  id: 'name in decisions and records',
  ask: 'who must answer first',
  reason: 'for the agent to read',
  obligation: 'what must be done with the call',
};

/** What could stand at the end of this text. `null`: nothing we know of. Pure. */
export function offered(before: string, vocabulary: PolicyVocabulary): Offered | null {
  if (insideComment(before)) return null;
  const line = before.slice(before.lastIndexOf('\n') + 1);
  const annotation = /@(\w*)$/.exec(line);
  if (annotation !== null) return annotations(before, annotation[1] as string, vocabulary);
  const entity = /\b([A-Z]\w*)::("?)([^"\n]*)$/.exec(line);
  if (entity !== null) {
    const [, type = '', quote = '', typed = ''] = entity;
    return entities(before, { type, quote, typed }, vocabulary);
  }
  const path = /\b((?:principal|resource|context)(?:\.\w+)*)\.(\w*)$/.exec(line);
  if (path !== null) return attributes(before, { path: path[1] as string, typed: path[2] as string }, vocabulary);
  const has = /\b((?:principal|resource|context)(?:\.\w+)*)\s+has\s+(\w*)$/.exec(line);
  if (has !== null) {
    const found = attributesOf(has[1] as string, vocabulary);
    const optional = found.filter(({ name }) => name.endsWith('?'));
    return { from: before.length - (has[2] as string).length, options: optional.map(attributeOption) };
  }
  if (insideString(line)) return null;
  const word = /\w*$/.exec(line)?.[0] ?? '';
  return { from: before.length - word.length, options: words(vocabulary) };
}

function annotations(before: string, typed: string, { annotations: all }: PolicyVocabulary): Offered {
  const options = all.map((name) => ({
    label: `@${name}`,
    apply: `@${name}("")`,
    type: 'keyword',
    detail: DETAILS[name] ?? '',
  }));
  return { from: before.length - typed.length - 1, options };
}

function entities(
  before: string,
  { type, quote, typed }: { type: string; quote: string; typed: string },
  { entities: all, actions }: PolicyVocabulary,
): Offered | null {
  const ids = type === 'Action' ? actions : all[type];
  if (ids === undefined) return null;
  const options = ids.map((id) => ({ label: `"${escaped(id)}"`, displayLabel: id, type: 'constant' }));
  return { from: before.length - typed.length - quote.length, options };
}

function attributes(
  before: string,
  { path, typed }: { path: string; typed: string },
  vocabulary: PolicyVocabulary,
): Offered | null {
  const type = typesOf(path, vocabulary)[0] ?? '';
  const kind = /^Set\b/.test(type) ? 'Set' : /^(Arguments|Numbers)$/.test(type) ? 'tags' : type;
  const methods = (METHODS[kind] ?? []).map((name) => ({ label: name, apply: `${name}(`, type: 'method' }));
  const options = [...attributesOf(path, vocabulary).map(attributeOption), ...methods];
  return options.length === 0 ? null : { from: before.length - typed.length, options };
}

function attributesOf(path: string, { attributes: all }: PolicyVocabulary): readonly { name: string; type: string }[] {
  const found = new Map<string, { name: string; type: string }>();
  for (const type of typesOf(path, { attributes: all }))
    for (const each of all[type] ?? []) if (!found.has(each.name)) found.set(each.name, each);
  return [...found.values()];
}

/** What a path can be of: `resource.server` is a Server. Empty: nobody knows. */
export function typesOf(path: string, { attributes: all }: Pick<PolicyVocabulary, 'attributes'>): readonly string[] {
  const [root = '', ...steps] = path.split('.');
  let types = ROOTS[root] ?? [];
  for (const step of steps) {
    const next = types.flatMap((type) =>
      (all[type] ?? []).filter(({ name }) => name === step || name === `${step}?`).map((each) => each.type),
    );
    types = [...new Set(next)];
  }
  return types;
}

function attributeOption({ name, type }: { name: string; type: string }): Completion {
  const optional = name.endsWith('?');
  return {
    label: optional ? name.slice(0, -1) : name,
    type: 'property',
    detail: optional ? `${type}, may be missing` : type,
  };
}

function words({ entities: all }: PolicyVocabulary): readonly Completion[] {
  return [
    ...VARIABLES.map((label) => ({ label, type: 'variable' })),
    ...KEYWORDS.map((label) => ({ label, type: 'keyword' })),
    ...Object.keys(all).map((label) => ({ label: `${label}::`, type: 'type' })),
    ...EXTENSIONS.map((label) => ({ label, apply: `${label}("`, type: 'function' })),
  ];
}

function escaped(id: string): string {
  return id.replace(/["\\]/g, '\\$&');
}

function insideComment(before: string): boolean {
  const line = before.slice(before.lastIndexOf('\n') + 1);
  return [...tokens(line)].at(-1)?.kind === 'comment';
}

function insideString(line: string): boolean {
  return [...tokens(line)].at(-1)?.kind === 'wrong' && line.includes('"');
}

/** As it is put into the text: a quote that stands behind already is not doubled, and the cursor goes between empty ones. */
function put(option: Completion): Completion {
  const text = typeof option.apply === 'string' ? option.apply : option.label;
  if (!text.endsWith('"') && !text.endsWith('("")')) return option;
  return {
    ...option,
    apply(view: EditorView, _completion: Completion, from: number, to: number) {
      const doubled = text.endsWith('"') && view.state.sliceDoc(to, to + 1) === '"';
      view.dispatch(insertCompletionText(view.state, text, from, doubled ? to + 1 : to));
      if (text.endsWith('("")')) view.dispatch({ selection: { anchor: from + text.length - 2 } });
    },
  };
}

/** For the editor. The vocabulary of the moment; none yet: nothing is offered. */
export function cedarCompletion(vocabulary: () => PolicyVocabulary | undefined): CompletionSource {
  return (context: CompletionContext): CompletionResult | null => {
    const known = vocabulary();
    if (known === undefined) return null;
    const before = context.state.sliceDoc(Math.max(0, context.pos - 2_000), context.pos);
    const found = offered(before, known);
    if (found === null) return null;
    const from = context.pos - (before.length - found.from);
    const last = before.at(-1) ?? '';
    // Unasked only where there is something to go on from.
    if (from === context.pos && !context.explicit && !/[.:@"]/.test(last)) return null;
    return { from, options: found.options.map(put), validFor: /^[@"]?[\w/.-]*$/ };
  };
}
