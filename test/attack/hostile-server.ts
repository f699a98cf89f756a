import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A stdio server (2025-11-25) that misbehaves on request. `starts` grows by a line at each start; `hang` existing, `initialize` hangs. */
export interface HostileServer {
  readonly yaml: string;
  readonly starts: string;
  readonly hang: string;
}

const SOURCE = `
const { appendFileSync, existsSync } = require('node:fs');
const [, , starts, hang] = process.argv;
appendFileSync(starts, 'start\\n');
const send = (frame) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...frame }) + '\\n');
const ok = (id, result) => send({ id, result });
const tool = (name) => ({ name, description: 'Does ' + name + '.', inputSchema: { type: 'object' } });
const info = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'hostile', version: '1' } };
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === undefined || id === undefined) return;
  if (method === 'initialize') {
    if (existsSync(hang)) return send({ method: 'notifications/message', params: { level: 'info', data: 'soon' } });
    return ok(id, info);
  }
  if (method === 'tools/list') return ok(id, { tools: ['flood', 'plain', 'refuse'].map(tool) });
  if (method !== 'tools/call') return send({ id, error: { code: -32601, message: 'Method not found' } });
  if (params.name === 'flood') {
    for (let i = 0; i < 200; i++) send({ id: 'q' + i, method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } });
  }
  ok(id, { content: [{ type: 'text', text: 'done' }] });
});
`;

export async function hostileServer(id = 'hostile'): Promise<HostileServer> {
  const dir = await mkdtemp(join(tmpdir(), 'interlock-hostile-'));
  const script = join(dir, 'server.cjs');
  const starts = join(dir, 'starts');
  const hang = join(dir, 'hang');
  await writeFile(script, SOURCE);
  await writeFile(starts, '');
  const yaml = `  ${id}:\n    command: ${process.execPath}\n    args: [${script}, ${starts}, ${hang}]\n    tools: { "*": { effect: read, dataClass: public } }\n`;
  return { yaml, starts, hang };
}
