import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, normalizeResource, resourceMetadataUrl, resourcesOf, serverOf, serverResource } from './resources.ts';

const resources = resourcesOf('https://gate.example/');

describe('the names of resources', () => {
  it('come from the public URL, in one spelling', () => {
    expect(resources.issuer).toBe('https://gate.example');
    expect(resourcesOf('HTTPS://Gate.Example:443').issuer).toBe('https://gate.example');
    expect(resourcesOf('http://127.0.0.1:7700').aggregate).toBe('http://127.0.0.1:7700/mcp');
    expect(serverResource(resources, 'orders')).toBe('https://gate.example/mcp/orders');
  });

  it.each([
    'gate.example',
    'ftp://gate.example',
    'https://gate.example/path',
    'https://u:p@gate.example',
    'https://gate.example?x',
    '',
  ])('do not come from %j', (url) => expect(() => resourcesOf(url)).toThrow(TypeError));

  it.each([
    ['https://gate.example/mcp#x', null],
    ['https://gate.example/mcp?', null],
    ['https://gate.example/mcp#', null],
    ['https://u@gate.example/mcp', null],
    ['/mcp', null],
    [`https://gate.example/${'a'.repeat(2100)}`, null],
    ['https://GATE.example:443/mcp/', 'https://gate.example/mcp'],
    ['https://gate.example/mcp/../mcp/orders', 'https://gate.example/mcp/orders'],
  ])('%j is normalised to %j', (value, expected) => expect(normalizeResource(value)).toBe(expected));

  it('give the metadata document of RFC 9728 section 3.1', () => {
    expect(resourceMetadataUrl(resources, 'https://gate.example/mcp/orders')).toBe(
      'https://gate.example/.well-known/oauth-protected-resource/mcp/orders',
    );
    expect(resourceMetadataUrl(resources, 'https://other.example/mcp')).toBe(
      'https://gate.example/.well-known/oauth-protected-resource',
    );
  });
});

describe('what an audience covers', () => {
  const server = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);

  it('is its own server and no other', () => {
    fc.assert(
      fc.property(server, server, (mine, other) => {
        const audience = [serverResource(resources, mine)];
        expect(covers(resources, audience, serverResource(resources, other))).toBe(mine === other);
        expect(covers(resources, audience, resources.aggregate)).toBe(false);
        expect(covers(resources, [resources.aggregate], serverResource(resources, other))).toBe(true);
        expect(serverOf(resources, serverResource(resources, mine))).toBe(mine);
      }),
    );
  });

  it('is nothing when there is none', () => expect(covers(resources, [], resources.aggregate)).toBe(false));
});
