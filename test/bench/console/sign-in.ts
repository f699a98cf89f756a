import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { browserAt } from '../../people/world.ts';
import { OPERATOR, type Workspace } from '../product/workspace.ts';

const PASSWORD = 'violet tractor 9 lamp';

/** The cookies of whoever owns the agent, signed in as people do: by an invitation, with a password of their own. */
export async function signIn({ dir, url }: Pick<Workspace, 'dir' | 'url'>): Promise<ReadonlyMap<string, string>> {
  const path = new URL(await invite(join(dir, 'data', 'admin.sock'))).pathname;
  const browser = browserAt(url);
  await browser.get(path);
  const set = await browser.post(`${path}/password`, { password: PASSWORD });
  if (set.status !== 200) throw new Error(`no password could be set: ${set.status}`);
  return browser.cookies;
}

function invite(socketPath: string): Promise<string> {
  const body = JSON.stringify({ by: 'bench', reason: 'bench' });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const path = `/v1/people/${OPERATOR}/invitations`;
  return new Promise((done, failed) => {
    const sent = httpRequest({ socketPath, method: 'POST', path, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk));
      answer.on('end', () => done((JSON.parse(text) as { url: string }).url));
    });
    sent.on('error', failed);
    sent.end(body);
  });
}
