import { describe, expect, it } from 'vitest';
import type { Decision } from '../../model/decision.ts';
import { RECORDED_RESULT_CHARS } from '../../model/record.ts';
import type { Trace } from '../trace.ts';
import { recordedResult } from './close.ts';
import type { Known } from './resolve.ts';

const trace = { attempt: { action: { target: { kind: 'tool', name: 't' } } } } as Trace;
const known = (dataClass: string | null): Known =>
  ({ labels: dataClass === null ? null : { dataClass } }) as unknown as Known;
const decision = (...names: string[]): Decision =>
  ({ obligations: names.map((name) => ({ name, detail: '' })) }) as unknown as Decision;
const result = { content: [{ type: 'text', text: 'the answer' }] };
const response = { jsonrpc: '2.0', id: 1, result } as const;

describe('a result on record', () => {
  const step = { known: known('internal'), decision: decision(), response, sizeChars: 60 };

  it('is what was sent, an error too', () => {
    expect(recordedResult(trace, step)).toBe(result);
    const error = { code: -32000, message: 'no' };
    expect(recordedResult(trace, { ...step, response: { jsonrpc: '2.0', id: 1, error } })).toEqual(error);
  });

  it('is kept out by the same rules as arguments: class of data, no labels, obligation of a policy', () => {
    expect(recordedResult(trace, { ...step, known: known('restricted') })).toEqual({ redacted: 'restricted' });
    expect(recordedResult(trace, { ...step, known: known(null) })).toEqual({ redacted: 'unknown' });
    expect(recordedResult(trace, { ...step, decision: decision('redact-arguments') })).toEqual({ redacted: 'policy' });
  });

  it('is its size alone where it is large', () => {
    expect(recordedResult(trace, { ...step, sizeChars: RECORDED_RESULT_CHARS })).toBe(result);
    expect(recordedResult(trace, { ...step, sizeChars: RECORDED_RESULT_CHARS + 1 })).toEqual({ truncated: 16_385 });
  });
});
