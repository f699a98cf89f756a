import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../../model/fault.ts';
import type { RpcRequest } from '../../../../model/jsonrpc.ts';
import { configuredHeaders, encode, modernHeaders } from './headers.ts';

function request(method: string, params: RpcRequest['params'] = {}): RpcRequest {
  return { jsonrpc: '2.0', id: 1, method, params };
}

function asObject(flat: readonly string[]): Record<string, string> {
  const object: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) object[flat[i] as string] = flat[i + 1] as string;
  return object;
}

describe('headers of a modern request', () => {
  it.each([
    ['tools/call', { name: 'buy' }, 'buy'],
    ['prompts/get', { name: 'hello' }, 'hello'],
    ['resources/read', { uri: 'file:///a', name: 'no' }, 'file:///a'],
    ['tasks/get', { taskId: 't1', name: 'no' }, 't1'],
    ['tools/list', { name: 'no' }, undefined],
    ['tools/call', { name: 7 }, undefined],
  ])('%s with %j is named %s', (method, params, name) => {
    const headers = asObject(modernHeaders(request(method, params), undefined));
    expect(headers['mcp-method']).toBe(method);
    expect(headers['mcp-name']).toBe(name);
  });

  it('takes the version from the body and falls back to the revision it speaks', () => {
    const meta = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2027-01-01' } };
    expect(asObject(modernHeaders(request('tools/list', meta), undefined))['mcp-protocol-version']).toBe('2027-01-01');
    expect(asObject(modernHeaders(request('tools/list'), undefined))['mcp-protocol-version']).toBe('2026-07-28');
  });

  it('believes the body, not the caller, about what the body says', () => {
    const lies = {
      'Mcp-Method': 'tools/list',
      'MCP-Name': 'other',
      'mcp-protocol-version': '1',
      'Mcp-Session-Id': 's',
    };
    const headers = asObject(modernHeaders(request('tools/call', { name: 'buy' }), lies));
    expect(headers).toEqual({ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'buy' });
  });

  it('passes Mcp-Param headers on and refuses anything that could be a credential', () => {
    const extra = { 'Mcp-Param-Region': '=?base64?SGVsbG8=?=' };
    expect(asObject(modernHeaders(request('tools/call', { name: 'a' }), extra))['mcp-param-region']).toBe(
      '=?base64?SGVsbG8=?=',
    );
    expect(() => modernHeaders(request('tools/list'), { authorization: 'Bearer x' })).toThrow(Fault);
    expect(() => modernHeaders(request('tools/list'), { 'mcp-param-a': 'x\r\nhost: y' })).toThrow(Fault);
  });

  it('encodes a name so that it comes back as it was and fits a header', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
        (name) => {
          const value = encode(name);
          expect(value).toMatch(/^[\x20-\x7e]*$/);
          expect(value).toBe(value.trim());
          const sentinel = /^=\?base64\?(.*)\?=$/.exec(value);
          expect(sentinel === null ? value : Buffer.from(sentinel[1] as string, 'base64').toString('utf8')).toBe(name);
        },
      ),
    );
  });

  it.each([
    ['us-west1', 'us-west1'],
    ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
    [' padded ', '=?base64?IHBhZGRlZCA=?='],
    ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
    ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
  ])('encodes %j as the specification does', (value, wanted) => {
    expect(encode(value)).toBe(wanted);
  });
});

describe('headers an operator configured', () => {
  it('are sent in lower case', () => {
    expect(configuredHeaders('crm', { Authorization: 'Bearer secret' })).toEqual(['authorization', 'Bearer secret']);
  });

  it.each(['Host', 'content-length', 'Mcp-Session-Id', 'Transfer-Encoding', 'accept'])('may not be %s', (name) => {
    expect(() => configuredHeaders('crm', { [name]: 'x' })).toThrow(`header ${name.toLowerCase()}`);
  });

  it('are refused without showing their value', () => {
    let message = '';
    try {
      configuredHeaders('crm', { authorization: 'Bearer s3cret\n' });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('authorization');
    expect(message).not.toContain('s3cret');
  });
});
