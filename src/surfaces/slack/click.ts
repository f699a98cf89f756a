import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { parseStrict } from '../../model/strict-json.ts';

/** Somebody pressed a button of one of our messages. */
export interface Click {
  readonly team: string;
  readonly user: string;
  /** Where the message stands, for an answer only that member sees. */
  readonly channel: string;
  readonly verdict: 'approved' | 'denied';
  readonly approval: string;
  /** Of what the message showed. */
  readonly digest: string;
}

const VERDICTS: ReadonlyMap<string, Click['verdict']> = new Map([
  ['approve', 'approved'],
  ['deny', 'denied'],
]);

/** Reads the `payload` of an interaction (Block Kit `block_actions`). `null`: nothing of ours that answers anything. Throws for what is no JSON. */
export function readClick(body: string): Click | null {
  const written = new URLSearchParams(body).getAll('payload');
  if (written.length !== 1) return null;
  const payload = parseStrict(written[0] as string, { maxDepth: 30, maxNodes: 5_000 });
  if (!isObject(payload) || payload.type !== 'block_actions' || !Array.isArray(payload.actions)) return null;
  // A press is one action; what carries several was not made by Slack's own programs.
  const [action] = payload.actions as readonly Json[];
  if (payload.actions.length !== 1 || !isObject(action)) return null;
  const verdict = VERDICTS.get(String(action.action_id));
  const value = valueOf(action);
  const [team, user, channel] = [idOf(payload.team), idOf(payload.user), idOf(payload.channel)];
  if (verdict === undefined || value === null || team === null || user === null || channel === null) return null;
  return { team, user, channel, verdict, ...value };
}

function valueOf({ value }: JsonObject): Pick<Click, 'approval' | 'digest'> | null {
  if (typeof value !== 'string') return null;
  const read = parseStrict(value, { maxDepth: 2, maxNodes: 10 });
  if (!isObject(read) || typeof read.approval !== 'string' || typeof read.digest !== 'string') return null;
  return { approval: read.approval, digest: read.digest };
}

function idOf(value: Json | undefined): string | null {
  return isObject(value) && typeof value.id === 'string' && /^[A-Z0-9]{2,40}$/.test(value.id) ? value.id : null;
}
