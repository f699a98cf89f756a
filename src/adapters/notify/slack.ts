import { isObject, type JsonObject } from '../../model/json.ts';
import {
  NotDelivered,
  type NoticeChannel,
  type NoticeMessage,
  type SlackMember,
  type SlackWorkspace,
} from '../../ports/notify.ts';
import { SlackApi, type SlackOptions } from './slack/api.ts';

export interface SlackChannelOptions extends SlackOptions {
  /** Id of the channel that is told besides people; `null`: none. */
  readonly channel: string | null;
}

const KNOWN_MS = 3_600_000;
const UNKNOWN_MS = 300_000;
const MAX_REMEMBERED = 10_000;
const MAX_TEXT = 3_000;

/**
 * Slack: a message to a person is one to the member with that confirmed e-mail address in this very workspace, so that a guest, a bot or
 * a member of a connected workspace who claims the address gets nothing and answers nothing.
 */
export class Slack implements NoticeChannel, SlackWorkspace {
  readonly #options: SlackChannelOptions;
  readonly #api: SlackApi;
  readonly #ids = new Map<string, { readonly id: string | null; readonly untilMs: number }>();
  readonly #members = new Map<string, { readonly member: SlackMember; readonly untilMs: number }>();
  #team: Promise<string> | null = null;

  constructor(options: SlackChannelOptions) {
    this.#options = options;
    this.#api = new SlackApi(options);
  }

  async send(message: NoticeMessage, to: { readonly person: string | null; readonly email: string | null }) {
    const text = escapeMrkdwn(message.subject).slice(0, MAX_TEXT);
    const shape = { text, blocks: [...message.blocks], unfurl_links: false, unfurl_media: false };
    const at = message.replaces === null ? null : readPlace(message.replaces);
    if (at !== null) {
      await this.#api.post('chat.update', { ...at, text, blocks: [...message.blocks] });
      return { place: message.replaces };
    }
    const channel = to.person === null ? this.#options.channel : await this.#idOf(to.email);
    if (channel === null)
      throw new NotDelivered(to.person === null ? 'no Slack channel is configured' : 'not a member of the workspace', {
        permanent: true,
      });
    const said = await this.#api.post('chat.postMessage', { channel, ...shape });
    const place = typeof said.channel === 'string' && typeof said.ts === 'string' ? `${said.channel}/${said.ts}` : null;
    return { place };
  }

  team(): Promise<string> {
    this.#team ??= this.#api.ask('auth.test').then(({ team_id }) => {
      if (typeof team_id !== 'string')
        throw new NotDelivered('Slack did not say whose token it is', { permanent: false });
      return team_id;
    });
    const asked = this.#team;
    // What failed is asked again.
    asked.catch(() => {
      if (this.#team === asked) this.#team = null;
    });
    return asked;
  }

  async member(id: string): Promise<SlackMember> {
    const nowMs = this.#options.clock.nowMs();
    const known = this.#members.get(id);
    if (known !== undefined && known.untilMs > nowMs) return known.member;
    const { user } = await this.#api.ask('users.info', { user: id });
    const member = { id, email: isObject(user) && user.id === id ? await this.#emailOf(user) : null };
    remember(this.#members, id, { member, untilMs: nowMs + UNKNOWN_MS });
    return member;
  }

  async whisper({ channel, user }: { readonly channel: string; readonly user: string }, text: string): Promise<void> {
    await this.#api.post('chat.postEphemeral', { channel, user, text: escapeMrkdwn(text).slice(0, MAX_TEXT) });
  }

  async #idOf(email: string | null): Promise<string | null> {
    if (email === null) return null;
    const key = email.toLowerCase();
    const nowMs = this.#options.clock.nowMs();
    const known = this.#ids.get(key);
    if (known !== undefined && known.untilMs > nowMs) return known.id;
    const id = await this.#lookUp(key);
    remember(this.#ids, key, { id, untilMs: nowMs + (id === null ? UNKNOWN_MS : KNOWN_MS) });
    return id;
  }

  async #lookUp(email: string): Promise<string | null> {
    try {
      const { user } = await this.#api.ask('users.lookupByEmail', { email });
      if (!isObject(user) || typeof user.id !== 'string') return null;
      return (await this.#emailOf(user))?.toLowerCase() === email ? user.id : null;
    } catch (error) {
      if (error instanceof NotDelivered && error.permanent) return null;
      throw error;
    }
  }

  async #emailOf(user: JsonObject): Promise<string | null> {
    const { profile, team_id: team } = user;
    const strange = ['deleted', 'is_bot', 'is_stranger', 'is_restricted', 'is_ultra_restricted'];
    if (strange.some((mark) => user[mark] === true)) return null;
    if (user.is_email_confirmed !== true || team !== (await this.team())) return null;
    return isObject(profile) && typeof profile.email === 'string' ? profile.email : null;
  }
}

/** `&`, `<` and `>` are all that Slack reads as more than a letter; mentions need them (Slack, "Escaping text"). */
export function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function readPlace(place: string): { channel: string; ts: string } {
  const at = place.indexOf('/');
  return { channel: place.slice(0, at), ts: place.slice(at + 1) };
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= MAX_REMEMBERED) map.delete(map.keys().next().value as string);
  map.set(key, value);
}
