import { httpUpstream } from '../adapters/upstream/http.ts';
import { stdioUpstream } from '../adapters/upstream/stdio.ts';
import type { Config, ServerConfig } from '../config/config.ts';
import type { Actions, ServerActions } from '../credentials/action/actions.ts';
import type { Credentials } from '../credentials/credentials.ts';
import type { Log, ServerEntry } from '../gateway/gateway.ts';
import type { FactMapping } from '../model/policy-input.ts';
import type { ApprovalWords } from '../model/sentence.ts';
import type { Clock } from '../ports/clock.ts';
import type { UpstreamServer } from '../ports/upstream.ts';
import { credentialServers } from './credentials.ts';

interface Running {
  readonly config: string;
  readonly upstream: UpstreamServer;
}

/** The upstream side of every configured server. A reload keeps the connections of servers whose settings did not change. */
export class Servers {
  readonly #running = new Map<string, Running>();
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #credentials: Credentials;
  readonly #actions: Actions;

  constructor(log: Log, clock: Clock, made: { readonly credentials: Credentials; readonly actions: Actions }) {
    this.#log = log;
    this.#clock = clock;
    this.#credentials = made.credentials;
    this.#actions = made.actions;
  }

  /** Entries for this configuration; `retire` closes what is no longer used, after the new snapshot is in force. */
  prepare(config: Config): {
    readonly entries: ReadonlyMap<string, ServerEntry>;
    readonly retire: () => Promise<void>;
  } {
    const entries = new Map<string, ServerEntry>();
    this.#credentials.configure(credentialServers(config));
    const old: UpstreamServer[] = [];
    for (const server of config.servers) {
      const key = JSON.stringify([connection(server), config.limits.responseBytes, config.limits.stdioLineBytes]);
      const known = this.#running.get(server.id);
      let upstream = known?.upstream;
      if (known === undefined || known.config !== key || upstream === undefined) {
        if (upstream !== undefined) old.push(upstream);
        upstream = this.#open(server, config);
        this.#running.set(server.id, { config: key, upstream });
      }
      entries.set(server.id, {
        id: server.id,
        risk: server.risk,
        environment: server.environment,
        upstream,
        credentials: this.#credentials.of(server.id),
        actions: actionsOf(this.#actions, server),
        timeoutMs: server.timeoutMs,
        facts: factsOf(server),
        words: wordsOf(server),
      });
    }
    for (const [id, { upstream }] of this.#running) {
      if (entries.has(id)) continue;
      this.#running.delete(id);
      old.push(upstream);
    }
    const retire = async (): Promise<void> => {
      await Promise.all(old.map((upstream) => upstream.close()));
    };
    return { entries, retire };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ upstream }) => upstream.close()));
  }

  #open(server: ServerConfig, config: Config): UpstreamServer {
    const { limits } = config;
    const shared = { id: server.id, log: this.#log, clock: this.#clock };
    if (server.kind === 'http') {
      return httpUpstream({
        ...shared,
        url: server.url,
        headers: server.headers,
        limits: { responseBytes: limits.responseBytes },
      });
    }
    const { command, args, env, cwd, maxChildren } = server;
    const stdioLimits = { maxChildren, lineBytes: limits.stdioLineBytes };
    return stdioUpstream({ ...shared, command, args, env, cwd, limits: stdioLimits });
  }
}

/** What a change of needs new connections; labels, facts and words do not. */
function connection(server: ServerConfig): unknown {
  const {
    tools: _tools,
    actionCredential: _actionCredential,
    risk: _risk,
    trust: _trust,
    environment: _environment,
    timeoutMs: _timeoutMs,
    ...rest
  } = server;
  return rest;
}

function actionsOf(actions: Actions, server: ServerConfig): ServerActions | null {
  const { id, actionCredential } = server;
  return actionCredential === null
    ? null
    : actions.of(id, actionCredential, server.kind === 'http' ? server.url : null);
}

function factsOf(server: ServerConfig): ReadonlyMap<string, FactMapping> {
  const facts = new Map<string, FactMapping>();
  for (const [tool, override] of server.tools) if (override.facts !== undefined) facts.set(tool, override.facts);
  return facts;
}

function wordsOf(server: ServerConfig): ReadonlyMap<string, ApprovalWords> {
  const words = new Map<string, ApprovalWords>();
  for (const [tool, { approval }] of server.tools) if (approval !== undefined) words.set(tool, approval);
  return words;
}
