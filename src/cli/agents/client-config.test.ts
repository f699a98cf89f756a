import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { clientSnippets, invocation } from './client-config.ts';

const dir = mkdtempSync(join(tmpdir(), 'il-clients-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const setup = {
  agent: 'buyer',
  server: 'crm',
  gateway: 'http://127.0.0.1:7700',
  configFile: '/etc/my files/interlock.yaml',
  keyFile: null,
  how: { command: 'interlock', args: [] },
};
const args = ['stdio', 'crm', '--agent', 'buyer', '--config', '/etc/my files/interlock.yaml'];

describe('what a client’s configuration needs', () => {
  const text = (client: string): string =>
    clientSnippets(setup).find((snippet) => snippet.client === client)?.text ?? '';

  it('is right for each client', () => {
    expect(JSON.parse(text('Claude Code'))).toEqual({ mcpServers: { crm: { command: 'interlock', args } } });
    expect(JSON.parse(text('Cursor'))).toEqual({ mcpServers: { crm: { command: 'interlock', args } } });
    expect(JSON.parse(text('VS Code'))).toEqual({ servers: { crm: { type: 'stdio', command: 'interlock', args } } });
    expect(JSON.parse(text('Claude Code, without the shim')).mcpServers.crm).toEqual({
      type: 'http',
      url: 'http://127.0.0.1:7700/mcp/crm',
      headersHelper: "interlock agents token buyer --server crm --config '/etc/my files/interlock.yaml' --headers",
    });
    const vscode = JSON.parse(text('VS Code, without the shim'));
    expect(vscode.inputs[0]).toMatchObject({ type: 'promptString', password: true });
    expect(vscode.servers.crm).toEqual({
      type: 'http',
      url: 'http://127.0.0.1:7700/mcp/crm',
      headers: { Authorization: `Bearer \${input:${vscode.inputs[0].id}}` },
    });
    expect(text('MCP Inspector')).toBe(
      "npx @modelcontextprotocol/inspector -e INTERLOCK_AGENT=buyer -e 'INTERLOCK_CONFIG=/etc/my files/interlock.yaml' interlock stdio crm",
    );
  });

  it('names the key when it is not where the configuration says, and every server when none is named', () => {
    const all = clientSnippets({ ...setup, server: null, keyFile: '/k.jwk' });
    expect(JSON.parse(all[0]?.text ?? '').mcpServers.interlock.args).toEqual([
      'stdio',
      '--agent',
      'buyer',
      '--config',
      '/etc/my files/interlock.yaml',
      '--key',
      '/k.jwk',
    ]);
    const http = all.find((snippet) => snippet.client === 'Claude Code, without the shim')?.text ?? '';
    expect(JSON.parse(http).mcpServers.interlock.url).toBe('http://127.0.0.1:7700/mcp');
    expect(http).toContain('--key /k.jwk --headers');
  });

  it('starts the program by its name where the search path has it, else by full paths', () => {
    expect(invocation({ PATH: dir }).command).toBe(process.execPath);
    expect(invocation({ PATH: dir }).args[0]).toMatch(/^\/.*cli\/main\.ts$/);
    writeFileSync(join(dir, 'interlock'), '', { mode: 0o755 });
    expect(invocation({ PATH: `/nowhere:${dir}` })).toEqual({ command: 'interlock', args: [] });
  });
});
