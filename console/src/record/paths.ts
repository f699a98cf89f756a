import { query } from '../api/client.ts';

/** Where the API keeps what happened. */
export const callPath = (id: string): string => `/v1/calls/${encodeURIComponent(id)}`;
export const recordPath = (seq: number): string => `/v1/records/${seq}`;
export const receiptPath = (seq: number): string => `/v1/records/${seq}/receipt`;
export const sessionPath = (id: string, cursor?: string | null): string =>
  `/v1/sessions/history/${encodeURIComponent(id)}${query({ cursor })}`;
export const transactionPath = (id: string, cursor?: string | null): string =>
  `/v1/transactions/${encodeURIComponent(id)}${query({ cursor })}`;
export const LIVE = '/v1/live';
export const JOURNAL = '/v1/journal';
export const VERIFICATION = '/v1/journal/verification';
