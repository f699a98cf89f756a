import { isObject, type Json, type JsonObject } from '../../../model/json.ts';
import { RELATED_TASK } from '../waiting/tasks/frames.ts';

/**
 * Names on the aggregate endpoint. Tools and prompts: `<server>__<name>`. Resources: `<server>+<uri>`, still a URI (RFC 3986
 * section 3.1 allows `+` in schemes) and still a URI template. Tasks: `<server>:<id>`. Server ids have no `_`, `+` or `:`.
 */
export interface Owned {
  readonly server: string;
  readonly rest: string;
}

export function joinName(server: string, name: string): string {
  return `${server}__${name}`;
}

export function splitName(name: string): Owned | null {
  return splitAt(name, '__');
}

export function joinUri(server: string, uri: string): string {
  return `${server}+${uri}`;
}

export function splitUri(uri: string): Owned | null {
  return splitAt(uri, '+');
}

export function joinTask(server: string, id: string): string {
  return `${server}:${id}`;
}

export function splitTask(id: string): Owned | null {
  return splitAt(id, ':');
}

function splitAt(text: string, separator: string): Owned | null {
  const at = text.indexOf(separator);
  if (at <= 0) return null;
  return { server: text.slice(0, at), rest: text.slice(at + separator.length) };
}

/** Prefixes every URI and task id in a result or notification, wherever the protocol puts them. */
export function qualify(server: string, value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => qualify(server, item as Json));
  if (!isObject(value)) return value;
  const out: Record<string, Json | undefined> = {};
  for (const [key, member] of Object.entries(value)) {
    if ((key === 'uri' || key === 'uriTemplate') && typeof member === 'string') out[key] = joinUri(server, member);
    else if (key === 'taskId' && typeof member === 'string') out[key] = joinTask(server, member);
    // Free-form data is the server's own and is never touched.
    else if (key === 'structuredContent' || key === 'inputSchema' || key === 'outputSchema' || key === 'requestState')
      out[key] = member;
    else if (key === '_meta') out[key] = isObject(member) ? qualifyMeta(server, member) : member;
    else out[key] = qualify(server, member as Json);
  }
  return out;
}

/** Which task a message belongs to (2025-11-25 tasks, "Related Task Metadata"); everything else in `_meta` is the server's own. */
function qualifyMeta(server: string, meta: JsonObject): JsonObject {
  const related = meta[RELATED_TASK];
  if (!isObject(related) || typeof related.taskId !== 'string') return meta;
  return { ...meta, [RELATED_TASK]: { ...related, taskId: joinTask(server, related.taskId) } };
}

/** Items of a list result, renamed for the aggregate. */
export function qualifyItems(server: string, key: string, items: readonly Json[]): JsonObject[] {
  return items.filter(isObject).map((item) => {
    const qualified = qualify(server, item) as JsonObject;
    const named = key === 'tools' || key === 'prompts';
    return named && typeof item.name === 'string' ? { ...qualified, name: joinName(server, item.name) } : qualified;
  });
}
