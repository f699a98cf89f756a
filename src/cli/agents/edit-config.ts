import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseDocument } from 'yaml';
import { loadConfigText } from '../../config/load.ts';
import type { PublicJwk } from '../../model/agent.ts';
import { configurationError } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { addToList, addToMap } from './edit-yaml.ts';

export interface NewAgent {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  /** Adds the person too, when the configuration does not know the owner yet. */
  readonly ownerName: string | null;
  readonly purpose: string;
  readonly archetype: string;
  readonly riskTier: string;
  readonly department: string | null;
  readonly groups: readonly string[];
  readonly servers: readonly string[];
  readonly key: PublicJwk;
}

/** The file with one agent more; every other byte stays. Pure. */
export function withAgent(text: string, agent: NewAgent): string {
  const { id, key, ownerName, department, groups, servers } = agent;
  const known = ownerName === null || parseDocument(text).hasIn(['people', agent.owner]);
  const peopled = known ? text : addToMap(text, ['people'], { key: agent.owner, value: { name: ownerName } });
  const value = {
    name: agent.name,
    owner: agent.owner,
    purpose: agent.purpose,
    archetype: agent.archetype,
    riskTier: agent.riskTier,
    ...(department === null ? {} : { department }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(servers.length === 0 ? {} : { servers }),
    keys: [{ ...key }],
  };
  return addToMap(peopled, ['agents'], { key: id, value });
}

/** The file with one key more for an agent that exists; every other byte stays. Pure. */
export function withKey(text: string, agent: string, key: PublicJwk): string {
  return addToList(text, ['agents', agent, 'keys'], { ...key });
}

/**
 * Changes the configuration file as a whole or not at all: the new text must load, and it replaces the old by a rename.
 * A file that changed meanwhile is not overwritten.
 */
export function editConfig(file: string, env: NodeJS.ProcessEnv, edit: (text: string) => string): void {
  const before = readFileSync(file, 'utf8');
  const after = edit(before);
  const loaded = loadConfigText(file, after, env);
  if (!loaded.ok) throw configurationError(loaded.problems);
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = openSync(temporary, 'wx', statSync(file).mode & 0o777);
  try {
    writeSync(handle, after);
    fsyncSync(handle);
    closeSync(handle);
    if (readFileSync(file, 'utf8') !== before) {
      throw new CliError(EXIT.failed, `${file} was changed at the same time; nothing was written`, {
        help: 'try again',
      });
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
