import type { JsonObject } from '../model/json.ts';
import type { NoticeRow } from './stores.ts';

/** One way to reach people: e-mail, Slack, web push, a webhook. */
export interface NoticeChannel {
  /**
   * Resolves when the message is with the other side: `place` is what `replaces` needs to find it again, where the channel can. Rejects
   * with NotDelivered. The same `message.id` means the same message: sent again because nobody knows whether it arrived.
   */
  send(message: NoticeMessage, to: Recipient): Promise<{ readonly place: string | null }>;
  close?(): Promise<void> | void;
}

/** What is said, in every form a channel may need. Whatever an agent wrote in it is one line, bounded, visible and escaped. */
export interface NoticeMessage {
  readonly id: string;
  /** `null`: about several, or none. */
  readonly approval: string | null;
  readonly kind: NoticeRow['kind'] | 'grouped' | 'test';
  readonly urgent: boolean;
  /** After this nobody needs it any more. `null`: unknown. */
  readonly expiresAtMs: number | null;
  /** One line. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Slack Block Kit. */
  readonly blocks: readonly JsonObject[];
  /** For a notification: at most 80 and 200 characters. */
  readonly short: { readonly title: string; readonly body: string };
  readonly link: string;
  /** For programs: what happened. */
  readonly event: JsonObject;
  /** The place of an earlier message that this one takes the place of. */
  readonly replaces: string | null;
}

export interface Recipient {
  /** `null`: the place the channel is configured for. */
  readonly person: string | null;
  readonly name: string;
  readonly email: string | null;
}

/** It did not arrive, as far as anybody knows. `message` is for the operator and holds no secret. */
export class NotDelivered extends Error {
  /** Trying again will not help. */
  readonly permanent: boolean;
  /** The other side said to wait this long. */
  readonly retryAfterMs: number | null;

  constructor(message: string, options: { permanent: boolean; retryAfterMs?: number | null; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'NotDelivered';
    this.permanent = options.permanent;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** A browser somebody is reached in (Push API `PushSubscription`, RFC 8291). */
export interface PushSubscription {
  readonly endpoint: string;
  /** base64url: P-256 public key (65 bytes) and authentication secret (16 bytes). */
  readonly p256dh: string;
  readonly auth: string;
}

/** What a Slack workspace says of one of its members. */
export interface SlackMember {
  readonly id: string;
  /** Confirmed, and of a full member of this very workspace; else `null`. */
  readonly email: string | null;
}

/** Slack, as far as an answer given there needs it. All reject with NotDelivered. */
export interface SlackWorkspace {
  /** The workspace the token belongs to. */
  team(): Promise<string>;
  member(id: string): Promise<SlackMember>;
  /** Seen by that member alone, once. */
  whisper(at: { readonly channel: string; readonly user: string }, text: string): Promise<void>;
}
