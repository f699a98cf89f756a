import { isObject, type JsonObject } from '../../../model/json.ts';
import type { Clock } from '../../../ports/clock.ts';
import { NotDelivered } from '../../../ports/notify.ts';
import type { WebAnswer, WebFetch } from '../../../ports/web.ts';
import { retryAfterMs, unreached } from '../answers.ts';

const MAX_BYTES = 262_144;
const TIMEOUT_MS = 10_000;
const DEFAULT_PAUSE_MS = 30_000;

/** What no second attempt changes. Whatever an operator can mend (scopes, a revoked token) is tried again. */
const PERMANENT: ReadonlySet<string> = new Set([
  'cant_update_message',
  'channel_not_found',
  'edit_window_closed',
  'invalid_blocks',
  'is_archived',
  'message_not_found',
  'msg_too_long',
  'no_text',
  'user_not_found',
  'users_not_found',
]);

export interface SlackOptions {
  /** `https://slack.com/api`, or that of a workspace of its own kind. */
  readonly apiUrl: string;
  readonly botToken: string;
  /** Trusts the origin of `apiUrl`. */
  readonly web: WebFetch;
  readonly clock: Clock;
}

/** Slack's Web API: `ok: false` is a failure whatever the status, and whoever is told to wait waits with everything. */
export class SlackApi {
  readonly #options: SlackOptions;
  #pausedUntilMs = 0;

  constructor(options: SlackOptions) {
    this.#options = options;
  }

  /** Methods that write take JSON. Rejects with NotDelivered. */
  post(method: string, body: JsonObject): Promise<JsonObject> {
    return this.#call(method, { type: 'application/json; charset=utf-8', body: JSON.stringify(body) });
  }

  /** Methods that read take a form. Rejects with NotDelivered. */
  ask(method: string, fields: Readonly<Record<string, string>> = {}): Promise<JsonObject> {
    const body = new URLSearchParams(fields).toString();
    return this.#call(method, { type: 'application/x-www-form-urlencoded', body });
  }

  async #call(method: string, { type, body }: { type: string; body: string }): Promise<JsonObject> {
    const { apiUrl, botToken, web, clock } = this.#options;
    const pauseMs = this.#pausedUntilMs - clock.nowMs();
    if (pauseMs > 0) throw new NotDelivered('Slack asked to wait', { permanent: false, retryAfterMs: pauseMs });
    const headers = { 'content-type': type, authorization: `Bearer ${botToken}` };
    const limits = { maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS };
    const answer = await web(`${apiUrl}/${method}`, { method: 'POST', headers, body, ...limits }).catch(
      (error: unknown) => {
        throw unreached('Slack', error);
      },
    );
    return this.#read(method, answer);
  }

  #read(method: string, { status, headers, body }: WebAnswer): JsonObject {
    const nowMs = this.#options.clock.nowMs();
    const said = parsed(body);
    const error = typeof said?.error === 'string' ? said.error.slice(0, 100) : `status ${status}`;
    if (status === 429 || error === 'ratelimited') {
      const waitMs = retryAfterMs(headers['retry-after'], nowMs) ?? DEFAULT_PAUSE_MS;
      this.#pausedUntilMs = nowMs + waitMs;
      throw new NotDelivered('Slack asked to wait', { permanent: false, retryAfterMs: waitMs });
    }
    if (status === 200 && said?.ok === true) return said;
    throw new NotDelivered(`Slack refused ${method}: ${error}`, { permanent: PERMANENT.has(error) });
  }
}

function parsed(body: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value as never) ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}
