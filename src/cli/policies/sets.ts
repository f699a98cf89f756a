import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { PoliciesInForce, PolicyDraft, PolicyFile, PolicyVersion } from '../../model/insight/policies.ts';
import { readPolicyFolder } from '../../start/policies/folder.ts';
import type { AdminClient } from '../operate/admin-client.ts';
import { configurationError } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';

/** The files somebody means: what is in force, a version, a draft, or a folder. CliError: there are none. */
export async function filesOf(client: AdminClient, set: string): Promise<readonly PolicyFile[]> {
  if (set === 'in-force') return (await client.get<PoliciesInForce>('/v1/policies')).files;
  const folder = resolve(set);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folderFiles(folder);
  if (/^d-[0-9a-f]+$/.test(set)) return (await draftOf(client, set)).files;
  if (!/^[0-9a-f]{6,64}$/.test(set))
    throw new CliError(EXIT.usage, `"${set}" is no version, draft or folder`, {
      help: 'see: interlock policies history, interlock policies draft list',
    });
  return (await client.get<PolicyVersion>(`/v1/policies/versions/${set}`)).files ?? [];
}

export async function folderFiles(folder: string): Promise<readonly PolicyFile[]> {
  const read = await readPolicyFolder(folder);
  if (!read.ok) throw configurationError([read.problem]);
  return read.files;
}

export function draftOf(client: AdminClient, id: string): Promise<PolicyDraft> {
  return client.get<PolicyDraft>(draftPath(id));
}

export function draftPath(id: string, rest = ''): string {
  return `/v1/policies/drafts/${encodeURIComponent(id)}${rest}`;
}
