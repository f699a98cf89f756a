/** JSON-RPC 2.0 frames as MCP uses them (no batches since revision 2025-06-18). */
import { isObject, type Json, type JsonObject } from './json.ts';

export type RequestId = string | number;

export interface RpcRequest {
  readonly jsonrpc: '2.0';
  readonly id: RequestId;
  readonly method: string;
  readonly params?: JsonObject;
}

export interface RpcNotification {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly params?: JsonObject;
}

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: Json;
}

export interface RpcSuccess {
  readonly jsonrpc: '2.0';
  readonly id: RequestId;
  readonly result: JsonObject;
}

export interface RpcFailure {
  readonly jsonrpc: '2.0';
  readonly id?: RequestId | null;
  readonly error: RpcError;
}

export type RpcResponse = RpcSuccess | RpcFailure;
export type RpcMessage = RpcRequest | RpcNotification | RpcResponse;

/** What a frame is, or why it is not one. `invalid` frames are answered with -32600 (JSON-RPC 2.0 section 5.1). */
export type RpcClass =
  | { readonly kind: 'request'; readonly message: RpcRequest }
  | { readonly kind: 'notification'; readonly message: RpcNotification }
  | { readonly kind: 'response'; readonly message: RpcResponse }
  | { readonly kind: 'invalid'; readonly why: string };

const FRAME_KEYS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);

/** Classifies one parsed frame. Total: every JSON value has exactly one answer. */
export function classify(value: Json): RpcClass {
  if (Array.isArray(value)) return { kind: 'invalid', why: 'batches are not part of MCP since revision 2025-06-18' };
  if (!isObject(value)) return { kind: 'invalid', why: 'a frame must be a JSON object' };
  if (value.jsonrpc !== '2.0') return { kind: 'invalid', why: 'jsonrpc must be "2.0"' };
  for (const key of Object.keys(value)) {
    if (!FRAME_KEYS.has(key)) return { kind: 'invalid', why: `unknown frame member "${key.slice(0, 40)}"` };
  }
  return 'method' in value ? classifyCall(value) : classifyResponse(value);
}

function classifyCall(value: JsonObject): RpcClass {
  if (typeof value.method !== 'string' || value.method === '')
    return { kind: 'invalid', why: 'method must be a string' };
  if ('result' in value || 'error' in value)
    return { kind: 'invalid', why: 'a frame has a method or a result, not both' };
  if (value.params !== undefined && !isObject(value.params))
    return { kind: 'invalid', why: 'params must be an object' };
  if (!('id' in value)) return { kind: 'notification', message: value as unknown as RpcNotification };
  if (!isRequestId(value.id)) return { kind: 'invalid', why: 'id must be a string or an integer' };
  return { kind: 'request', message: value as unknown as RpcRequest };
}

function classifyResponse(value: JsonObject): RpcClass {
  const hasResult = 'result' in value;
  if (hasResult === 'error' in value) return { kind: 'invalid', why: 'a response has a result or an error' };
  if (hasResult) {
    if (!isRequestId(value.id)) return { kind: 'invalid', why: 'a response needs the id of its request' };
    if (!isObject(value.result)) return { kind: 'invalid', why: 'result must be an object' };
    return { kind: 'response', message: value as unknown as RpcSuccess };
  }
  const error = value.error;
  if (!isObject(error) || !Number.isInteger(error.code) || typeof error.message !== 'string') {
    return { kind: 'invalid', why: 'error must have an integer code and a message' };
  }
  return { kind: 'response', message: value as unknown as RpcFailure };
}

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value));
}

export function success(id: RequestId, result: JsonObject): RpcSuccess {
  return { jsonrpc: '2.0', id, result };
}

export function failure(id: RequestId | null | undefined, error: RpcError): RpcFailure {
  return id === undefined || id === null ? { jsonrpc: '2.0', error } : { jsonrpc: '2.0', id, error };
}

const written = new WeakMap<object, string>();

/** A result as JSON text, written once: its digest is taken from the very text that is sent. */
export function resultText(result: JsonObject): string {
  let text = written.get(result);
  if (text === undefined) {
    text = JSON.stringify(result);
    written.set(result, text);
  }
  return text;
}

/** A frame as JSON text, for the wire. */
export function frameText(message: RpcMessage): string {
  if (!('result' in message)) return JSON.stringify(message);
  return `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":${resultText(message.result)}}`;
}
