import type { LookupAddress } from 'node:dns';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../src/adapters/web/address.ts';
import { openWeb, type Resolve } from '../../src/adapters/web.ts';
import { asFetch, WebError } from '../../src/ports/web.ts';

/** What must never be reached: anything it hears is a failure. */
const heard: string[] = [];
let inside: Server;
let named: Server;
let insidePort: number;
let origin: string;
let answer: (response: ServerResponse) => void = (response) => response.end('{}');

function listening(server: Server): Promise<number> {
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)));
}

beforeAll(async () => {
  inside = createServer((request, response) => {
    heard.push(request.url ?? '');
    response.end('{"secret":true}');
  });
  inside.on('connection', () => heard.push('a connection'));
  insidePort = await listening(inside);
  named = createServer((_request, response) => answer(response));
  origin = `http://127.0.0.1:${await listening(named)}`;
});
afterAll(() => {
  for (const server of [inside, named]) {
    server.closeAllConnections();
    server.close();
  }
});

function open(resolve?: Resolve) {
  return openWeb({ trusted: () => [origin], ...(resolve === undefined ? {} : { resolve }) });
}

async function refused(url: string, resolve?: Resolve): Promise<WebError> {
  const web = open(resolve);
  try {
    await web.fetch(url, { timeoutMs: 500 });
  } catch (error) {
    expect(error).toBeInstanceOf(WebError);
    return error as WebError;
  } finally {
    await web.close();
  }
  throw new Error(`${url} was fetched`);
}

const to = (...addresses: string[]): readonly LookupAddress[] =>
  addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

describe('an address that is not public is never fetched (ID5)', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.1', 'loopback, short'],
    ['2130706433', 'loopback, decimal'],
    ['0x7f000001', 'loopback, hexadecimal'],
    ['0177.0.0.1', 'loopback, octal'],
    ['0x7f.1', 'loopback, mixed'],
    ['127.0.0.1.', 'loopback with a final dot'],
    ['①②⑦.⓪.⓪.①', 'loopback in circled digits'],
    ['0.0.0.0', 'this host'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'carrier-grade NAT'],
    ['169.254.169.254', 'cloud metadata'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['[::1]', 'loopback'],
    ['[::]', 'unspecified'],
    ['[::ffff:127.0.0.1]', 'mapped IPv4'],
    ['[::ffff:7f00:1]', 'mapped IPv4'],
    ['[::ffff:0:127.0.0.1]', 'translated IPv4'],
    ['[::127.0.0.1]', 'compatible IPv4'],
    ['[64:ff9b::7f00:1]', 'NAT64'],
    ['[64:ff9b:1::7f00:1]', 'local NAT64'],
    ['[2002:7f00:1::]', '6to4'],
    ['[2001:0:7f00:1::]', 'Teredo'],
    ['[fc00::1]', 'unique local'],
    ['[fd00:ec2::254]', 'cloud metadata'],
    ['[fe80::1]', 'link-local'],
    ['[fec0::1]', 'site-local'],
    ['[ff02::1]', 'multicast'],
    ['[2001:db8::1]', 'documentation'],
  ])('%s (%s)', async (host) => {
    expect((await refused(`https://${host}:${insidePort}/`)).kind).toBe('refused');
  });

  it('nor over plain http, nor another scheme, nor with user information that hides the host', async () => {
    for (const url of [
      `http://127.0.0.1:${insidePort}/`,
      'http://example.com/',
      'file:///etc/passwd',
      'data:text/plain,x',
      'ftp://example.com/',
      `https://example.com@127.0.0.1:${insidePort}/`,
      `https://example.com:x@example.org/`,
      `${origin.replace('http://', 'http://user@')}/`,
      `https://${'a'.repeat(3000)}.example/`,
      'nonsense',
    ]) {
      expect((await refused(url)).kind, url).toBe('refused');
    }
  });

  it.each([
    ['loopback', to('127.0.0.1')],
    ['a private address', to('10.1.2.3')],
    ['one public and one private address', to('93.184.216.34', '127.0.0.1')],
    ['mapped IPv4', to('::ffff:127.0.0.1')],
    ['an address with a zone', [{ address: 'fe80::1%lo', family: 6 }]],
    ['something that is no address', [{ address: 'localhost', family: 4 }]],
  ])('nor a name that resolves to %s', async (_what, addresses) => {
    expect((await refused(`https://rebind.example:${insidePort}/`, async () => addresses)).kind).toBe('refused');
  });

  it('a name that flips its answer after it was checked changes nothing: the checked address is the one connected to', async () => {
    let asked = 0;
    const error = await refused(`https://rebind.example:${insidePort}/`, async () =>
      asked++ === 0 ? to('203.0.114.1') : to('127.0.0.1'),
    );
    expect(error.kind).toBe('failed');
    expect(asked).toBe(1);
  });

  it('not one of all these attempts was heard', () => expect(heard).toEqual([]));
});

describe('an origin the operator named', () => {
  it('may be http and loopback; its neighbours may not', async () => {
    answer = (response) => response.writeHead(200, { 'cache-control': 'max-age=5' }).end('{"a":1}');
    const web = open();
    expect(await web.fetch(`${origin}/x`)).toMatchObject({ status: 200, body: '{"a":1}' });
    const response = await asFetch(web.fetch)(`${origin}/x`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
    expect(await response.json()).toEqual({ a: 1 });
    await web.close();
    expect((await refused(`http://127.0.0.1:${insidePort}/`)).kind).toBe('refused');
    expect((await refused(origin.replace('http', 'https'))).kind).toBe('refused');
    expect((await refused(origin.replace('127.0.0.1', 'localhost'))).kind).toBe('refused');
  });

  it.each([301, 302, 303, 307, 308])('cannot redirect anywhere (%i)', async (status) => {
    answer = (response) => response.writeHead(status, { location: `http://127.0.0.1:${insidePort}/` }).end();
    expect((await refused(`${origin}/`)).message).toContain('redirects');
    expect(heard).toEqual([]);
  });

  it('cannot send more than was allowed, declared or not, nor a compressed answer', async () => {
    answer = (response) => response.writeHead(200, { 'content-length': '70000' }).end('x'.repeat(70_000));
    expect((await refused(`${origin}/`)).message).toContain('larger');
    answer = (response) => {
      for (let i = 0; i < 7; i++) response.write('x'.repeat(10_000));
      response.end();
    };
    expect((await refused(`${origin}/`)).message).toContain('larger');
    answer = (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    expect((await refused(`${origin}/`)).message).toContain('compressed');
  });

  it('cannot keep anybody waiting: neither before its answer nor in the middle of it', async () => {
    answer = () => {};
    expect((await refused(`${origin}/`)).kind).toBe('failed');
    answer = (response) => response.write('{');
    expect((await refused(`${origin}/`)).kind).toBe('failed');
  });
});

it('public addresses are public', () => {
  for (const address of ['93.184.216.34', '8.8.8.8', '2606:4700::1111', '2a00:1450:4001::1']) {
    expect([address, isPublicAddress(address)]).toEqual([address, true]);
  }
});
