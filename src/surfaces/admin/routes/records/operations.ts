import type { Readable } from 'node:stream';
import type { Search } from '../../../../audit/index/ask/search.ts';
import type { SessionFilter } from '../../../../audit/index/ask/sessions.ts';
import type { HistoryQuestion } from '../../../../audit/index/ask/story/histories.ts';
import type { Receipt } from '../../../../audit/journal.ts';
import type { NotesPage, NotesQuestion } from '../../../../audit/read/notes.ts';
import type { Activity } from '../../../../model/insight/agents.ts';
import type { Page } from '../../../../model/insight/page.ts';
import type {
  CallView,
  IndexStatus,
  JournalInfo,
  RecordView,
  SessionLine,
  SessionView,
  VerificationRun,
} from '../../../../model/insight/records.ts';

/** What the records can be asked. Made in `start/`; none of it reads the journal in the thread that serves calls. */
export interface RecordOperations {
  status(): IndexStatus;
  search(search: Search): Promise<Page<RecordView>>;
  record(seq: number, withContent: boolean): Promise<RecordView | null>;
  receipt(seq: number): Promise<Receipt>;
  sessions(filter: SessionFilter): Promise<Page<SessionLine>>;
  history(question: HistoryQuestion): Promise<SessionView | null>;
  call(id: string, withContent: boolean): Promise<CallView | null>;
  activity(agent: string, hours: number): Promise<Activity>;
  journal(): Promise<JournalInfo>;
  /** The bytes of a segment as they lie on the disk; `to`: the first byte not wanted. Null: there is no such segment. */
  segment(first: number, range: { readonly from: number; readonly to: number | null }): Promise<SegmentBytes | null>;
  checkpoints(question: NotesQuestion): Promise<NotesPage>;
  verification(): VerificationRun;
  /** Starts one, unless one is under way. */
  verify(): VerificationRun;
}

export interface SegmentBytes {
  readonly sizeBytes: number;
  readonly from: number;
  readonly to: number;
  /** Only what was there when it was asked for. */
  readonly bytes: () => Readable;
}
