import { HighlightStyle, LanguageSupport, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { tags } from '@lezer/highlight';
import { type Token, type TokenKind, tokens } from './tokens.ts';

const STYLES: Readonly<Record<TokenKind, string | null>> = {
  space: null,
  comment: 'comment',
  annotation: 'meta',
  string: 'string',
  number: 'number',
  keyword: 'keyword',
  effect: 'controlKeyword',
  variable: 'variableName.special',
  type: 'typeName',
  function: 'variableName.function',
  name: 'propertyName',
  operator: 'operator',
  bracket: 'bracket',
  wrong: 'invalid',
};

/** Cedar line by line: its strings and comments end where their line does. What stood before carries over. */
const cedar = StreamLanguage.define<{ before: string }>({
  name: 'cedar',
  startState: () => ({ before: '' }),
  token(stream, state) {
    if (stream.eatSpace()) return null;
    const token = tokens(stream.string, stream.pos, state.before).next().value as Token | undefined;
    if (token === undefined || token.to <= stream.pos) {
      stream.skipToEnd();
      return null;
    }
    stream.pos = token.to;
    if (token.kind !== 'comment') state.before = token.text;
    return STYLES[token.kind];
  },
  languageData: { commentTokens: { line: '//' }, closeBrackets: { brackets: ['(', '[', '{', '"'] } },
});

/** From the console's own variables, so that both themes are right without being told. */
const look = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--soft)', fontStyle: 'italic' },
  { tag: tags.meta, color: 'var(--code-annotation)' },
  { tag: tags.string, color: 'var(--code-string)' },
  { tag: tags.number, color: 'var(--code-string)' },
  { tag: tags.keyword, color: 'var(--code-keyword)' },
  { tag: tags.controlKeyword, color: 'var(--code-keyword)', fontWeight: '650' },
  { tag: tags.special(tags.variableName), color: 'var(--code-variable)' },
  { tag: tags.typeName, color: 'var(--code-type)' },
  { tag: tags.function(tags.variableName), color: 'var(--code-type)' },
  { tag: tags.operator, color: 'var(--soft)' },
  { tag: tags.invalid, color: 'var(--bad)', textDecoration: 'underline wavy' },
]);

export const cedarLanguage = new LanguageSupport(cedar, [syntaxHighlighting(look)]);
export { cedar };
