import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { FAULTS, Fault } from '../../src/model/fault.ts';
import { ModernResponder, QUIET_MS, sendJson } from '../../src/surfaces/mcp/responder.ts';
import { SessionResponder, Streams } from '../../src/surfaces/mcp/streams.ts';

/** A client that sends its requests one after the other on one connection, and lets the answers wait. */
let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe('a refused request behind one that is not answered yet', () => {
  it(
    'stays refused when its silence is over: no second head is written where nobody could catch the error',
    async () => {
      const thrown: unknown[] = [];
      const note = (error: unknown) => thrown.push(error);
      process.prependListener('uncaughtException', note);
      server = createServer((request, response) => {
        if (request.url === '/slow') return;
        void new ModernResponder(response);
        sendJson(response, FAULTS['invalid-request'].http, { error: new Fault('invalid-request', 'no').message });
      });
      await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done));
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /refused HTTP/1.1\r\nHost: x\r\n\r\n');
      await pause(QUIET_MS + 500);
      socket.destroy();
      process.removeListener('uncaughtException', note);
      expect(thrown).toEqual([]);
    },
    QUIET_MS + 10_000,
  );
});

describe('a request that ends in a fault', () => {
  it('leaves no stream behind in its session', () => {
    const streams = new Streams(8);
    const response = { destroyed: true } as never;
    for (let i = 0; i < 20; i++) {
      const responder = new SessionResponder(response, streams, { headers: {}, primes: true });
      responder.deliver({ jsonrpc: '2.0', method: 'notifications/message', params: {} });
      responder.abandon();
    }
    expect(streams.find('1-1')).toBeNull();
    expect(streams.find('20-1')).not.toBeNull();
  });
});
