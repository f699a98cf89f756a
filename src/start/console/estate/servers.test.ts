import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../inventory/catalog.ts';
import type { Live } from '../../live.ts';
import { serverReading } from './servers.ts';

describe('where a server is', () => {
  const common = { environment: null, risk: 'low', trust: 'internal', credentials: null };
  const servers = [
    { ...common, id: 'hosted', kind: 'http', url: 'https://user:PASSWORD@mcp.example/s/SECRET-KEY/mcp?token=TOKEN' },
    { ...common, id: 'child', kind: 'stdio', command: 'server', args: ['--key', 'SECRET-KEY'] },
  ];
  const live = { config: { servers }, snapshot: () => ({ servers: new Map() }) } as unknown as Live;
  const { lines } = serverReading({ live, inventory: { pins: () => [] } as unknown as Inventory });

  it('is told without what may be a key in it to whoever may not see content', () => {
    expect(lines(false).map(({ where }) => where)).toEqual(['https://mcp.example', 'server']);
  });

  it('is told without user, password and query to whoever may', () => {
    const where = lines(true).map((line) => line.where);
    expect(where).toEqual(['https://mcp.example/s/SECRET-KEY/mcp', 'server --key SECRET-KEY']);
  });
});
