import type {
  PoliciesInForce,
  PolicyCheck,
  PolicyDraft,
  PolicyFile,
} from '../../../../../src/model/insight/policies.ts';
import type { Me } from '../../../../../src/model/insight/roles.ts';
import { sameFiles } from '../cedar/changes.ts';

/** What somebody changes before them: nobody else has it until it is saved. */
export interface Work {
  readonly title: string;
  readonly base: string;
  readonly files: readonly PolicyFile[];
}

export function workOf({ title, base, files }: PolicyDraft): Work {
  return { title, base, files };
}

export function isDirty(work: Work, saved: PolicyDraft): boolean {
  return work.title !== saved.title || work.base !== saved.base || !sameFiles(work.files, saved.files);
}

const PATH = /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*\.cedar$/;
const MAX_PATH_CHARS = 200;

/** As somebody would write it, made what it must be: `Buying things` is `buying-things.cedar`. */
export function asPath(written: string): string {
  const path = written.trim().toLowerCase().replace(/\s+/g, '-');
  return path === '' || path.endsWith('.cedar') ? path : `${path}.cedar`;
}

/** Why a file cannot be called that; `null`: it can. The gateway looks again. */
export function whyBadPath(path: string, others: readonly string[]): string | null {
  if (path === '') return 'Give it a name.';
  if (path.length > MAX_PATH_CHARS) return `At most ${MAX_PATH_CHARS} characters.`;
  if (!PATH.test(path))
    return 'Lower-case letters, digits, “.”, “_” and “-”, with “/” between folders, ending in .cedar.';
  if (others.includes(path)) return 'There is a file of that name.';
  const folder = others.find((other) => path.startsWith(`${other}/`) || other.startsWith(`${path}/`));
  return folder === undefined ? null : `${folder} is in the way: a file cannot be a folder too.`;
}

export function withFile(work: Work, path: string, text: string): Work {
  const there = work.files.some((file) => file.path === path);
  const files = there
    ? work.files.map((file) => (file.path === path ? { path, text } : file))
    : [...work.files, { path, text }].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { ...work, files };
}

export function withoutFile(work: Work, path: string): Work {
  return { ...work, files: work.files.filter((file) => file.path !== path) };
}

export function renamed(work: Work, path: string, to: string): Work {
  const file = work.files.find((each) => each.path === path);
  return file === undefined ? work : withFile(withoutFile(work, path), to, file.text);
}

export interface Publishing {
  readonly draft: PolicyDraft;
  readonly dirty: boolean;
  readonly inForce: PoliciesInForce | undefined;
  /** Of exactly these files; `undefined`: not known yet. */
  readonly check: PolicyCheck | undefined;
  readonly me: Me | undefined;
}

/** Why this draft cannot be published by this person now, the reason that stays longest first; `null`: it can. Pure. */
export function whyNotPublish({ draft, dirty, inForce, check, me }: Publishing): string | null {
  if (draft.state !== 'open') return draft.state === 'published' ? 'It is published.' : 'It was discarded.';
  if (me === undefined || inForce === undefined) return 'One moment…';
  if (!me.permissions.includes('policies.publish'))
    return 'Publishing is for policy publishers and security administrators.';
  if (!inForce.editable) return `Policies are read only here: ${inForce.readOnlyBecause ?? 'as configured'}.`;
  if (me.separatePolicyDuties && draft.editors.includes(me.id))
    return 'You wrote on this draft. Whoever drafts a policy does not publish it here: ask somebody else.';
  if (draft.base !== inForce.version)
    return 'Other policies came into force after this draft was begun. Look at the difference and take them as its base.';
  if (dirty) return 'Save it first: what is published is what is saved.';
  if (check === undefined) return 'It is being checked…';
  if (!check.ok) return check.problems.length === 1 ? 'It has an error.' : `It has ${check.problems.length} errors.`;
  if (sameFiles(draft.files, inForce.files)) return 'It says what is in force already.';
  if (!me.canStepUp) return 'Publishing is confirmed with a passkey. Add one on your account page.';
  return null;
}
