import { toAction } from '../../gateway/action.ts';
import { call } from '../../gateway/call.ts';
import type { Gateway, ServerEntry } from '../../gateway/gateway.ts';
import { CLIENT_REQUESTS } from '../../gateway/methods.ts';
import { ConnectionNeeded } from '../../model/credential.ts';
import { Fault } from '../../model/fault.ts';
import type { RpcRequest } from '../../model/jsonrpc.ts';
import type { OnMessage, UpstreamReply } from '../../ports/upstream.ts';
import { answerRefusal } from './answers.ts';
import { AggregatePeer } from './peer/aggregate.ts';
import type { Asker, Peer } from './peer/client/context.ts';
import { type Conversation, direct } from './peer/conversation.ts';
import { LegacyOnModern } from './peer/legacy-on-modern.ts';
import { ModernOnLegacy } from './peer/modern-on-legacy.ts';
import { ServerPeer } from './peer/peer.ts';
import type { Waiting } from './waiting/waiting.ts';

/** `/mcp/<server>` or `/mcp` (all servers the agent may connect to). */
export type Endpoint = { readonly kind: 'server'; readonly server: string } | { readonly kind: 'aggregate' };

export interface PeerHooks {
  readonly waiting: Waiting;
  readonly unsolicited: OnMessage;
  readonly asker: () => Asker | null;
}

/** Builds what a client of this endpoint talks to. Nothing is opened or sent before its first request. */
export function peerFor(gateway: Gateway, endpoint: Endpoint, who: Asker, hooks: PeerHooks): Peer {
  if (endpoint.kind === 'server') return serverPeer(gateway, endpoint.server, hooks);
  return new AggregatePeer({
    servers: () => reachable(gateway, who),
    peerOf: (server, unsolicited) => serverPeer(gateway, server, { ...hooks, unsolicited }),
    unsolicited: hooks.unsolicited,
    warn: (fields, message) => gateway.log.warn({ agent: who.caller.agent.id, ...fields }, message),
  });
}

function serverPeer(gateway: Gateway, id: string, hooks: PeerHooks): Peer {
  const server = () => gateway.snapshot().servers.get(id) ?? null;
  return new ServerPeer({
    gateway,
    server,
    open: async (asker) => {
      const entry = server();
      if (entry === null) throw new Fault('not-found', 'Not found');
      return open(gateway, entry, asker);
    },
    ...hooks,
  });
}

/** Servers the agent is allowed to connect to, in the order of the configuration. Policy decides the rest, per request. */
function reachable(gateway: Gateway, who: Asker): readonly string[] {
  const snapshot = gateway.snapshot();
  const limits = [who.caller, ...who.caller.through].map(({ agent }) => agent.servers);
  return [...snapshot.servers.keys()].filter((id) => limits.every((allowed) => allowed?.includes(id) !== false));
}

/** Same era on both sides where the server offers it; else one of the two bridges. */
async function open(gateway: Gateway, server: ServerEntry, asker: Asker): Promise<Conversation | UpstreamReply> {
  const holder = server.credentials?.holderFor(asker.caller) ?? null;
  const eras = await server.upstream.eras(holder);
  if (asker.era === 'modern') {
    if (eras.modern) return direct(await server.upstream.open('modern', holder));
    return openSession(gateway, server, asker);
  }
  if (eras.legacy) return direct(await server.upstream.open('legacy', holder));
  return new LegacyOnModern(await server.upstream.open('modern', holder));
}

/** The session a stateless client does not have. Opening it sends something, so it is an action: decided, recorded. */
async function openSession(gateway: Gateway, server: ServerEntry, asker: Asker): Promise<Conversation | UpstreamReply> {
  const message: RpcRequest = { jsonrpc: '2.0', id: 0, method: 'initialize', params: {} };
  const action = toAction(message, CLIENT_REQUESTS.get('initialize')!, server.id);
  const opened: { conversation?: ModernOnLegacy } = {};
  const result = await call(gateway, {
    surface: 'mcp',
    caller: asker.caller,
    session: asker.session,
    server,
    action,
    frame: message,
    gone: null,
    release: async (permit, signal) => {
      const link = await server.upstream.open('legacy', server.credentials?.holderFor(asker.caller));
      const conversation = await ModernOnLegacy.open(link, permit, signal).catch(async (error: unknown) => {
        // Else a server that hangs in its handshake, or a halt during one, leaves a session or a child behind each time.
        await link.close('initialize failed');
        throw error;
      });
      if (!(conversation instanceof ModernOnLegacy)) {
        await link.close('the server refused initialize');
        return conversation;
      }
      opened.conversation = conversation;
      return { jsonrpc: '2.0', id: 0, result: {} };
    },
  });
  // The call that needed the session says how its client is to connect.
  if (result.kind === 'refused' && result.refusal.fault instanceof ConnectionNeeded) throw result.refusal.fault;
  if (result.kind === 'refused') return answerRefusal(0, result.refusal, action.target);
  return opened.conversation ?? { response: result.response, httpStatus: null };
}
