import type { WhoIsAsked } from '../../../approvals/approvers/explain.ts';
import type { Receipt } from '../../../audit/journal.ts';
import type { NotesPage } from '../../../audit/read/notes.ts';
import type { Rotated, VaultStatus } from '../../../credentials/vault/vault.ts';
import type { Proof } from '../../../identity/registry/end/decommission.ts';
import type { Decision, Review, ReviewItem } from '../../../identity/registry/reviews/review.ts';
import type { Exceeding } from '../../../identity/registry/templates.ts';
import type { Imported, Progress } from '../../../identity/registry/transfer/import.ts';
import type { RingKey } from '../../../identity/ring/key-ring.ts';
import type { Agent } from '../../../model/agent.ts';
import type { Answer, Requirement, ShownRequest, Standing } from '../../../model/approval.ts';
import type { Connection } from '../../../model/connection.ts';
import type {
  Activity,
  AgentLine,
  AgentPermissions,
  Graph,
  LockPreview,
  ReachLine,
} from '../../../model/insight/agents.ts';
import type { ApprovalLine, ApprovalView } from '../../../model/insight/approvals.ts';
import type {
  BrokeredCredential,
  PersonAccess,
  PersonLine,
  PersonView,
  ReviewLine,
  ReviewProgress,
  ServerLine,
  ServerView,
  SettingsView,
  ToolLine,
  ToolView,
} from '../../../model/insight/estate.ts';
import type { Drill, Overview, PostureAnswer, Pulse } from '../../../model/insight/overview.ts';
import type { CountedPage, Page } from '../../../model/insight/page.ts';
import type {
  PoliciesInForce,
  PolicyCheck,
  PolicyDraft,
  PolicyDraftHead,
  PolicyReplay,
  PolicyVersion,
  PolicyVocabulary,
  Shadow,
  Tried,
} from '../../../model/insight/policies.ts';
import type {
  CallView,
  IndexStatus,
  JournalInfo,
  LiveCall,
  RecordView,
  SessionLine,
  SessionView,
  VerificationRun,
} from '../../../model/insight/records.ts';
import type { Me } from '../../../model/insight/roles.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { Lock } from '../../../model/lock.ts';
import type { Group } from '../../../model/person.ts';
import type { Task } from '../../../model/task.ts';
import type { Template } from '../../../model/template.ts';
import type { HistoryRow } from '../../../ports/identity-stores.ts';
import type { ApprovalRow, ApprovalState, PinRow } from '../../../ports/stores.ts';
import type { Removed } from '../../account/desk.ts';
import type { Notice } from '../notices.ts';
import type { GatewayStatus, Locked, OpenSession, ReloadAnswer, ServerHealth } from '../operations.ts';
import type { TemplateLine } from '../routes/agents.ts';
import type { RelationLine, RightsAnswered } from '../routes-rights.ts';

/**
 * What every route answers when it did what was asked: JSON, where `MEDIA` says nothing else. `answers.json` is made of it
 * (`npm run api:answers`), and says it in the document; the routes are bound to it by `Says`.
 */
export interface Answers {
  'GET /v1/me': Me;
  'POST /v1/step-up/options': PasskeyRequest;
  'GET /v1/openapi.json': JsonObject;
  'GET /v1/status': GatewayStatus;
  'GET /metrics': string;
  'POST /v1/reload': ReloadAnswer;
  'GET /v1/sessions': Page<OpenSession>;
  'GET /v1/servers': Page<ServerHealth>;
  'GET /v1/servers/lines': Page<ServerLine>;
  'GET /v1/servers/:id': ServerView;
  'GET /v1/servers/:id/tools': Page<PinRow>;
  'GET /v1/servers/:id/tools/:tool': ToolView;
  'GET /v1/servers/:id/reach': Page<ReachLine>;
  'POST /v1/servers/:id/accept': Accepted;
  'POST /v1/servers/:id/scan': Scanned;
  'GET /v1/tools': CountedPage<ToolLine>;
  'GET /v1/locks': LockPage;
  'POST /v1/locks': Locked;
  'POST /v1/locks/preview': LockPreview;
  'DELETE /v1/locks/:target': Released;
  'GET /v1/drills': Page<Drill>;
  'POST /v1/drills': Drill;
  'GET /v1/approvals': Page<ApprovalRequest>;
  'GET /v1/approvals/:id': OneApproval;
  'GET /v1/approvals/inbox': Page<ApprovalLine>;
  'GET /v1/approvals/:id/view': ApprovalView;
  'GET /v1/approvals/:id/receipt': Receipt;
  'GET /v1/approvals/:id/notices': Page<Notice>;
  'POST /v1/approvals/:id': Answered;
  'POST /v1/approvals/:id/preview': ChangePreview;
  'POST /v1/approvals/:id/withdraw': Withdrawn;
  'POST /v1/notices/test': Delivered;
  'POST /v1/approvers': WhoIsAsked;
  'GET /v1/standing': Page<StandingLine>;
  'DELETE /v1/standing/:id': Revoked;
  'GET /v1/people': CountedPage<PersonLine>;
  'POST /v1/people': PersonLine;
  'GET /v1/people/:id': PersonView;
  'PATCH /v1/people/:id': PersonLine;
  'DELETE /v1/people/:id': RemovedById;
  'GET /v1/people/:id/access': PersonAccess;
  'GET /v1/people/:id/history': Page<HistoryRow>;
  'POST /v1/people/:id/deactivate': PersonLine;
  'POST /v1/people/:id/reactivate': PersonLine;
  'POST /v1/people/:id/invitations': Invitation;
  'POST /v1/people/:id/reset-credentials': Removed;
  'GET /v1/groups': Page<GroupLine>;
  'GET /v1/groups/:id': Group;
  'GET /v1/relations': RelationPage;
  'POST /v1/relations': RelationsWritten;
  'POST /v1/relations/check': RelationCheck;
  'POST /v1/rights/check': RightsAnswered;
  'GET /v1/keys': Page<RingKey>;
  'POST /v1/keys/rotate': KeyRotated;
  'POST /v1/keys/remove': Keys;
  'GET /v1/credentials': Page<BrokeredCredential>;
  'POST /v1/credentials/revoke': CredentialsEnded;
  'GET /v1/vault': VaultStatus;
  'POST /v1/vault/rotate': Rotated;
  'GET /v1/agents': Page<AgentSeen>;
  'POST /v1/agents': AgentEntry;
  'GET /v1/agents/:id': AgentEntry;
  'PATCH /v1/agents/:id': AgentEntry;
  'GET /v1/agents/summaries': CountedPage<AgentLine>;
  'GET /v1/agents/:id/history': Page<HistoryRow>;
  'GET /v1/agents/:id/holdings': Holdings;
  'GET /v1/agents/:id/permissions': AgentPermissions;
  'GET /v1/agents/:id/graph': Graph;
  'GET /v1/agents/:id/activity': Activity;
  'POST /v1/agents/requests': AgentEntry;
  'POST /v1/agents/reassign': Reassigned;
  'POST /v1/agents/:id/approve': AgentEntry;
  'POST /v1/agents/:id/reject': Rejected;
  'POST /v1/agents/:id/activate': AgentEntry;
  'POST /v1/agents/:id/suspend': AgentEntry;
  'POST /v1/agents/:id/resume': AgentEntry;
  'POST /v1/agents/:id/reassign': AgentEntry;
  'POST /v1/agents/:id/decommission': Proof;
  'POST /v1/agents/import': Imported;
  'GET /v1/agents/imports/:key': Progress;
  'GET /v1/agents/export': AgentTable;
  'GET /v1/templates': Page<TemplateLine>;
  'PUT /v1/templates/:id': TemplateWritten;
  'POST /v1/templates/:id/remove': RemovedById;
  'GET /v1/reviews': Page<ReviewView>;
  'POST /v1/reviews': Review;
  'GET /v1/reviews/:id': ReviewView;
  'GET /v1/reviews/:id/items': CountedPage<DecidedLine>;
  'POST /v1/reviews/:id/items/:agent': ReviewItem;
  'POST /v1/reviews/:id/close': Review;
  'GET /v1/connections': Page<Connection>;
  'POST /v1/connections': Connection;
  'GET /v1/connections/:id': Connection;
  'DELETE /v1/connections/:id': Gone;
  'GET /v1/tasks': Page<Task>;
  'POST /v1/tasks': Task;
  'GET /v1/tasks/:id': TaskView;
  'POST /v1/tasks/:id/close': Task;
  'GET /v1/pulse': Pulse;
  'GET /v1/overview': Overview;
  'GET /v1/posture': Page<PostureAnswer>;
  'GET /v1/graph': Graph;
  'GET /v1/settings': SettingsView;
  'GET /v1/policies': PoliciesInForce;
  'GET /v1/policies/schema': PolicyVocabulary;
  'POST /v1/policies/check': PolicyCheck;
  'POST /v1/policies/try': Tried;
  'GET /v1/policies/drafts': Page<PolicyDraftHead>;
  'POST /v1/policies/drafts': PolicyDraft;
  'GET /v1/policies/drafts/:id': PolicyDraft;
  'PUT /v1/policies/drafts/:id': PolicyDraft;
  'POST /v1/policies/drafts/:id/discard': PolicyDraft;
  'POST /v1/policies/publish': PolicyVersion;
  'POST /v1/policies/rollback': PolicyVersion;
  'GET /v1/policies/versions': Page<PolicyVersion>;
  'GET /v1/policies/versions/:version': PolicyVersion;
  'POST /v1/policies/replays': PolicyReplay;
  'GET /v1/policies/replays/:id': PolicyReplay;
  'DELETE /v1/policies/replays/:id': Cancelled;
  'POST /v1/policies/shadow': Shadow;
  'DELETE /v1/policies/shadow': ShadowEnded;
  'GET /v1/index': IndexStatus;
  'GET /v1/records': Page<RecordView>;
  /** One of these a line; or the same as a table. */
  'GET /v1/records/export': RecordView;
  'GET /v1/records/:seq': RecordView;
  'GET /v1/records/:seq/receipt': Receipt;
  /** `event: calls` with an array of these, `event: missed` with a number. */
  'GET /v1/live': LiveCall;
  'GET /v1/sessions/history': Page<SessionLine>;
  'GET /v1/sessions/history/:id': SessionView;
  'GET /v1/transactions/:id': SessionView;
  'GET /v1/calls/:call': CallView;
  'GET /v1/journal': JournalInfo;
  'GET /v1/journal/checkpoints': NotesPage;
  /** One record a line, as it lies on the disk. */
  'GET /v1/journal/segments/:first': string;
  'GET /v1/journal/verification': VerificationRun;
  'POST /v1/journal/verification': VerificationRun;
}

/** Of a route: it answers this, and the compiler says so. */
export interface Says<Route extends keyof Answers> {
  Reply: Answers[Route];
}

/** Status of an answer that is not 200. */
export const STATUSES: Partial<Record<keyof Answers, readonly number[]>> = {
  'POST /v1/agents': [201],
  'POST /v1/agents/requests': [201],
  'POST /v1/reviews': [201],
  'POST /v1/policies/drafts': [201],
  'POST /v1/policies/replays': [202],
  'POST /v1/journal/verification': [202],
  'GET /v1/journal/segments/:first': [200, 206],
};

/** What is not JSON as a whole. */
export const MEDIA: Partial<Record<keyof Answers, readonly string[]>> = {
  'GET /metrics': ['text/plain'],
  'GET /v1/records/export': ['application/x-ndjson', 'text/csv'],
  'GET /v1/live': ['text/event-stream'],
  'GET /v1/journal/segments/:first': ['application/x-ndjson'],
};

/** An agent, with what became of it. */
interface AgentSeen extends Agent {
  /** Once it is decommissioned: the proof that nothing is left. */
  readonly ended?: Proof | null;
  /** The end (`expiresAtMs`) that came and was recorded. */
  readonly expired?: number | null;
}

interface AgentEntry {
  readonly agent: AgentSeen;
  /** Of the stored row; `null`: nothing happened yet to an agent of the configuration. */
  readonly version: number | null;
}

/** What a browser is to ask a passkey for: `publicKey` of `navigator.credentials.get` (WebAuthn level 3, section 5.5). */
export interface PasskeyRequest {
  readonly challenge: string;
  readonly timeout?: number;
  readonly rpId?: string;
  readonly allowCredentials?: readonly {
    readonly id: string;
    readonly type: 'public-key';
    readonly transports?: readonly string[];
  }[];
  readonly userVerification?: 'required' | 'preferred' | 'discouraged';
  readonly extensions?: JsonObject;
}

interface LockPage extends Page<Lock> {
  /** Grows with every change of any lock. */
  readonly epoch: number;
}

interface Accepted {
  readonly accepted: true;
}

interface Scanned {
  /** How many the server listed. */
  readonly tools: number;
}

interface Released {
  readonly released: true;
}

/**
 * A request for approval as it is kept. `context` over the socket alone; what was asked, and why it was answered so, for whoever may see
 * content.
 */
export interface ApprovalRequest
  extends Omit<ApprovalRow, 'request' | 'context' | 'proposal' | 'answerReason' | 'answers'>,
    Partial<Pick<ApprovalRow, 'request' | 'context' | 'proposal' | 'answerReason'>> {
  readonly answers: readonly AnswerLine[];
}

/** One person's answer; whole for whoever may see content. */
interface AnswerLine
  extends Pick<Answer, 'person' | 'verdict' | 'atMs'>,
    Partial<Omit<Answer, 'person' | 'verdict' | 'atMs'>> {}

interface OneApproval {
  readonly approval: ApprovalRequest;
  /** Ids of people who could answer it now. */
  readonly mayAnswer: readonly string[];
}

interface Answered {
  readonly answered: true;
  /** Nothing more is needed. */
  readonly complete: boolean;
  readonly state: ApprovalState;
}

interface ChangePreview {
  readonly ok: true;
  readonly digest: string;
  readonly shown: ShownRequest;
  readonly requirement: Requirement;
}

interface Withdrawn {
  readonly withdrawn: true;
}

interface Delivered {
  readonly delivered: true;
  readonly place: string | null;
}

/** An approval that stands; `fixed` for whoever may see content. */
interface StandingLine extends Omit<Standing, 'fixed'>, Partial<Pick<Standing, 'fixed'>> {}

interface Revoked {
  readonly revoked: true;
}

interface RemovedById {
  /** Its id. */
  readonly removed: string;
}

interface Invitation {
  /** Good once: whoever has it becomes that person. */
  readonly url: string;
  readonly expiresAtMs: number;
}

interface GroupLine {
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  /** How many. */
  readonly members: number;
}

interface RelationPage extends CountedPage<RelationLine> {
  /** Where relations are asked; `null`: nowhere. */
  readonly source: 'memory' | 'server' | null;
}

interface RelationsWritten {
  readonly written: number;
  readonly deleted: number;
}

interface RelationCheck {
  /** `null`: there was no answer; `why` says why not. */
  readonly holds: boolean | null;
  readonly why: string | null;
}

interface Keys {
  /** All there are now. */
  readonly keys: readonly RingKey[];
}

interface KeyRotated extends Keys {
  /** Of the new one. */
  readonly kid: string;
}

interface CredentialsEnded {
  /** From the vault. */
  readonly removed: number;
  /** In memory. */
  readonly withdrawn: number;
}

interface Holdings {
  readonly agent: string;
  /** By kind: keys, tokens, connections, tasks, … */
  readonly held: Readonly<Record<string, readonly string[]>>;
}

interface Reassigned {
  /** Ids of agents. */
  readonly reassigned: readonly string[];
  /** Changed by somebody else all the time: not moved. */
  readonly left: readonly string[];
}

interface Rejected {
  /** Its id. */
  readonly rejected: string;
}

interface AgentTable {
  /** The first page begins with the names of the columns. */
  readonly csv: string;
  readonly next: string | null;
}

interface TemplateWritten {
  readonly template: Template;
  readonly exceeding: readonly Exceeding[];
}

interface ReviewView extends Review {
  readonly progress: ReviewProgress;
}

type DecidedLine = ReviewLine<Decision>;

interface Gone {
  readonly removed: true;
}

interface TaskView extends Task {
  /** Ids of the tasks that are parts of it. */
  readonly parts: readonly string[];
}

interface Cancelled {
  readonly cancelled: true;
}

interface ShadowEnded {
  readonly ended: true;
}
