import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { EditorState, type Extension, type Text } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { type RefObject, useEffect, useImperativeHandle, useRef } from 'react';
import type { PolicyVocabulary } from '../../../../../src/model/insight/policies.ts';
import { cedarCompletion } from './completion.ts';
import { cedarLanguage } from './language.ts';
import { look } from './look.ts';

/** Something to say about a place in a file. */
export interface Remark {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly help: string;
  readonly severity: 'error' | 'warning';
}

export interface EditorHandle {
  /** Puts the cursor there, in sight, and the keyboard into the editor. */
  goTo(line: number, column: number): void;
}

interface EditorProps {
  /** Which file: each keeps its own history of changes. */
  readonly path: string;
  readonly text: string;
  readonly onChange?: (text: string) => void;
  readonly remarks?: readonly Remark[];
  readonly vocabulary?: PolicyVocabulary | undefined;
  readonly handle?: RefObject<EditorHandle | null>;
}

/** Cedar, to read or to change. Without `onChange` it is read only. */
export function CedarEditor({ path, text, onChange, remarks = NONE, vocabulary, handle }: EditorProps) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const states = useRef(new Map<string, EditorState>());
  const current = useRef({ path, onChange, vocabulary });
  current.current = { path, onChange, vocabulary };
  const editable = onChange !== undefined;
  useEffect(() => {
    // The nonce counts when the first styles are mounted.
    const made = new EditorView({ parent: box.current!, state: EditorState.create({ extensions: look }) });
    view.current = made;
    const kept = states.current;
    return () => {
      made.destroy();
      view.current = null;
      kept.clear();
    };
  }, []);
  useEffect(() => {
    const shown = view.current!;
    const kept = states.current.get(path);
    const extensions = extensionsOf(path, editable, {
      vocabulary: () => current.current.vocabulary,
      changed(said) {
        states.current.set(path, said);
        current.current.onChange?.(said.doc.toString());
      },
    });
    shown.setState(kept ?? EditorState.create({ doc: text, extensions }));
    // The text of another file, or of another draft, not every letter of this one.
  }, [path, editable]);
  useEffect(() => {
    const shown = view.current!;
    if (shown.state.doc.toString() === text) return;
    shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: text } });
  }, [text, path]);
  useEffect(() => {
    const shown = view.current!;
    shown.dispatch(
      setDiagnostics(
        shown.state,
        remarks.map((remark) => diagnosticOf(shown.state.doc, remark)),
      ),
    );
  }, [remarks, path]);
  useImperativeHandle(handle, () => ({
    goTo(line, column) {
      const shown = view.current!;
      const at = placeOf(shown.state.doc, line, column);
      shown.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
      shown.focus();
    },
  }));
  return (
    <div
      ref={box}
      className="relative min-h-0 after:pointer-events-none after:absolute after:inset-0 after:z-[250] focus-within:after:outline-2 focus-within:after:-outline-offset-2 focus-within:after:outline-accent [&_.cm-editor]:h-full"
    />
  );
}

const NONE: readonly Remark[] = [];

interface Told {
  readonly vocabulary: () => PolicyVocabulary | undefined;
  readonly changed: (state: EditorState) => void;
}

function extensionsOf(path: string, editable: boolean, told: Told): readonly Extension[] {
  const label = EditorView.contentAttributes.of({
    'aria-label': `${path}${editable ? '' : ', read only'}`,
    tabindex: '0',
  });
  const both = [look, lineNumbers(), cedarLanguage, bracketMatching(), drawSelection(), label];
  if (!editable) return [...both, EditorState.readOnly.of(true), keymap.of(defaultKeymap)];
  return [
    ...both,
    history(),
    closeBrackets(),
    autocompletion({ override: [cedarCompletion(told.vocabulary)] }),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    lintGutter(),
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...lintKeymap,
      ...historyKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
    EditorView.updateListener.of(({ docChanged, state }) => {
      if (docChanged) told.changed(state);
    }),
  ];
}

/** From the place to the end of the word that stands there. */
function diagnosticOf(doc: Text, { line, column, message, help, severity }: Remark): Diagnostic {
  const from = placeOf(doc, line, column);
  const rest = doc.lineAt(from).text.slice(from - doc.lineAt(from).from);
  const word = /^(?:@?\w+|"(?:[^"\\]|\\.)*"|[^\s\w])/.exec(rest)?.[0] ?? '';
  return { from, to: from + word.length, severity, message: help === '' ? message : `${message}: ${help}` };
}

function placeOf(doc: Text, line: number, column: number): number {
  const at = doc.line(Math.max(1, Math.min(doc.lines, line)));
  return Math.min(at.to, at.from + Math.max(0, column - 1));
}
