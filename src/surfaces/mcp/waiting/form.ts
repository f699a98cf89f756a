import type { Era } from '../../../ports/upstream.ts';

/** How a client is told that its call waits for people. */
export type Form =
  /** A task it asks about (2025-11-25 tasks; 2026-07-28 extension `io.modelcontextprotocol/tasks`). */
  | 'task'
  /** A page it opens for its person (URL elicitation: error -32042, or an input request of 2026-07-28). */
  | 'page'
  /** Words a model can act on. */
  | 'words';

/** What decides the form: what the client speaks, and who sits in front of it. */
export interface Situation {
  readonly era: Era;
  /** The revision both sides speak. */
  readonly version: string;
  readonly method: string;
  /** The call asks to be a task (`params.task`), and this gateway keeps it. */
  readonly taskAsked: boolean;
  /** The request declares the tasks extension. */
  readonly tasksDeclared: boolean;
  /** The client declares that it can open pages for its person. */
  readonly opensPages: boolean;
  /** Whether it was told of this request's page before, and what it says its person did. */
  readonly told: 'never' | 'told' | 'declined';
  /** Whether the person it acts for may answer this request; `unknown`: nobody knows who sits there. */
  readonly person: 'may-answer' | 'may-not-answer' | 'unknown';
}

export interface Choice {
  readonly form: Form;
  /** `at-once`: waiting here first would only keep from the client what it can do something with. */
  readonly when: 'at-once' | 'after-waiting';
  readonly why: string;
}

/** Revision that brought tasks and the error that asks for a page to be opened. */
const SINCE = '2025-11-25';
/** What a stateless request can be answered with a question at all (2026-07-28, patterns/mrtr, "Supported Requests"). */
const MAY_ASK: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** Pure: the best form the client speaks. */
export function chooseForm(at: Situation): Choice {
  if (isTask(at)) return { form: 'task', when: 'at-once', why: 'the client asks about tasks by itself' };
  const page = whyNoPage(at);
  if (page !== null) return { form: 'words', when: at.told === 'declined' ? 'at-once' : 'after-waiting', why: page };
  if (at.person === 'may-answer')
    return { form: 'page', when: 'at-once', why: 'the person at the client may answer it' };
  return { form: 'page', when: 'after-waiting', why: 'whoever sits at the client may know who answers it' };
}

function isTask({ era, version, method, taskAsked, tasksDeclared }: Situation): boolean {
  if (method !== 'tools/call') return false;
  return era === 'modern' ? tasksDeclared : taskAsked && version >= SINCE;
}

function whyNoPage({ era, version, method, opensPages, told, person }: Situation): string | null {
  if (!opensPages) return 'the client opens no pages';
  if (told === 'declined') return 'the person at the client did not want the page';
  if (told === 'told') return 'asked once: the client knows the page';
  if (person === 'may-not-answer') return 'the person at the client may not answer it';
  if (era === 'legacy') return version >= SINCE ? null : 'this revision opens no pages';
  return MAY_ASK.has(method) ? null : 'this method is never answered with a question';
}
