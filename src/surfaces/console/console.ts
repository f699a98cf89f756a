import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Fault } from '../../model/fault.ts';
import { cookieNames } from '../account/web/visit.ts';
import { type AdminRoutes, adminApp } from '../admin/server.ts';
import { guard } from './guard/guard.ts';
import { KEYS, Rate } from './guard/rate.ts';
import type { ConsoleParts } from './options.ts';
import { meRoutes } from './routes/me.ts';
import { stepUpRoutes } from './routes/step-up.ts';
import { setSafeHeaders } from './site/headers.ts';
import { serveSite } from './site/site.ts';

export type { ConsoleParts } from './options.ts';

const API = '/console/api';

/** The console's door: its pages, and the administrative interface for whoever is signed in and may. */
export interface ConsoleDoor {
  serves(path: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
  /** Before this there are pages, but nothing behind them. */
  open(routes: readonly AdminRoutes[]): Promise<void>;
  close(): Promise<void>;
}

export function consoleDoor(parts: ConsoleParts): ConsoleDoor {
  const keys = new Rate(parts.clock, KEYS);
  const opened: { app: FastifyInstance | null } = { app: null };
  return {
    serves: (path) => parts.settings().enabled && (path === '/console' || path.startsWith('/console/')),
    async handle(request, response, path) {
      setSafeHeaders(response, parts.origin());
      if (path !== API && !path.startsWith(`${API}/`)) return serveSite(parts, { request, response, path });
      if (opened.app === null) throw new Fault('overloaded', 'The gateway is starting: ask again');
      const whole = request.url ?? '';
      const rest = whole.slice(API.length);
      // What the browser asked for: what a passkey confirms, and a repeated request is compared by.
      Object.assign(request, { originalUrl: whole });
      request.url = rest.startsWith('/') ? rest : `/${rest}`;
      opened.app.routing(request, response);
    },
    async open(routes) {
      const app = adminApp({
        guard: guard(parts),
        routes: [meRoutes(parts), stepUpRoutes(parts), ...routes],
        idempotency: { store: parts.store, clock: parts.clock, mayKeep: (person) => keys.take(person) },
        audience: { prefix: API, sessionCookie: () => cookieNames(parts.origin()).session },
      });
      await app.ready();
      opened.app = app;
    },
    async close() {
      const { app } = opened;
      opened.app = null;
      await app?.close();
    },
  };
}
