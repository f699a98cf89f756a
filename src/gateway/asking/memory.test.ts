import { describe, expect, it } from 'vitest';
import { MEMORY_LIMITS, SessionMemory } from './memory.ts';

const call = (tool: string) => ({ atMs: 1, tool, effect: null });
const permitted = (memory: SessionMemory, args: object, chars = JSON.stringify(args).length) =>
  memory.permitted({ ...call('erp/t'), args: args as never, chars });

describe('what a session remembers (HU1)', () => {
  it('the last 50 calls, with what became of them', () => {
    const memory = new SessionMemory();
    for (let i = 0; i < 60; i++) permitted(memory, { i }).outcome = 'ok';
    memory.refused(call('erp/no'));
    expect(memory.calls).toHaveLength(MEMORY_LIMITS.calls);
    expect(memory.calls.at(-1)).toEqual({ atMs: 1, tool: 'erp/no', effect: null, outcome: 'refused' });
    expect(memory.calls.at(-2)?.outcome).toBe('ok');
    expect(memory.arguments[0]).toEqual({ i: 59 });
    expect(memory.arguments).toHaveLength(50);
  });

  it('64 KiB of results, newest kept, and says that something is missing', () => {
    const memory = new SessionMemory();
    permitted(memory, {});
    for (let i = 0; i < 10; i++) memory.saw({ tool: `t${i}`, text: 'x'.repeat(10_000), untrusted: false });
    expect(memory.results.map((seen) => seen.tool)).toEqual(['t9', 't8', 't7', 't6', 't5', 't4']);
    expect(memory.isComplete(1)).toBe(false);
  });

  it('one huge result pushes out no more than its share, and is kept from its beginning', () => {
    const memory = new SessionMemory();
    memory.saw({ tool: 'mail', text: 'IBAN 123', untrusted: true });
    memory.saw({ tool: 'huge', text: 'é'.repeat(5_000_000), untrusted: false });
    permitted(memory, {}, 5_000_000);
    expect(memory.results.map((seen) => [seen.tool, seen.text.length])).toEqual([
      ['huge', MEMORY_LIMITS.charsOfOne],
      ['mail', 8],
    ]);
    expect(memory.arguments).toEqual([]);
    expect(memory.isComplete(1)).toBe(false);
  });

  it('is complete only where it saw every permitted call of the session', () => {
    const memory = new SessionMemory();
    permitted(memory, {});
    expect(memory.isComplete(1)).toBe(true);
    expect(memory.isComplete(2)).toBe(false);
  });

  it('in all sessions no more than the bound: the oldest go, and their sessions know', () => {
    const size = 32_000;
    const sessions = Array.from({ length: MEMORY_LIMITS.charsInAll / size / 2 + 20 }, () => new SessionMemory());
    for (const [i, memory] of sessions.entries()) {
      memory.saw({ tool: `a${i}`, text: 'x'.repeat(size), untrusted: false });
      memory.saw({ tool: `b${i}`, text: 'x'.repeat(size), untrusted: false });
    }
    const kept = sessions.flatMap((memory) => memory.results.map((seen) => seen.text.length));
    expect(kept.reduce((sum, chars) => sum + chars, 0)).toBeLessThanOrEqual(MEMORY_LIMITS.charsInAll);
    expect(kept.length).toBeGreaterThan(1000);
    expect(sessions[0]?.results).toEqual([]);
    expect(sessions[0]?.isComplete(0)).toBe(false);
    expect(sessions.at(-1)?.results).toHaveLength(2);
    expect(sessions.at(-1)?.isComplete(0)).toBe(true);
  });
});
