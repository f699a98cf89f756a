import { describe, expect, it } from 'vitest';
import type { ToolPermission } from '../../../../../src/model/insight/agents.ts';
import { countsOf, shortName, shownAbilities } from './ability-filter.ts';

const tool = (name: string, outcome: ToolPermission['outcome'], policy: string): ToolPermission => ({
  ...{ server: 'erp', tool: name, effect: 'read', dataClass: null, pin: 'pinned', outcome, why: null },
  policies: [{ id: policy, effect: 'permit', file: 'a.cedar', line: 1, holds: 'always' }],
});
const TOOLS = [tool('x', 'never', 'no-x'), tool('y', 'ask', 'ask-y'), tool('z', 'always', 'z-ok')];
const NONE = { outcome: '', effect: '', server: '', q: '' };

describe('what an agent can do', () => {
  it('shows what is permitted first', () => {
    expect(shownAbilities(TOOLS, NONE).map((each) => each.tool)).toEqual(['z', 'y', 'x']);
  });

  it('names a policy without the file that is named beside it', () => {
    expect(shortName({ id: 'a.cedar#look', file: 'a.cedar' })).toBe('look');
    expect(shortName({ id: 'a.cedar#look', file: 'b.cedar' })).toBe('a.cedar#look');
  });

  it('is found by the tool and by the policy behind it', () => {
    expect(shownAbilities(TOOLS, { ...NONE, q: 'ERP ask' }).map((each) => each.tool)).toEqual(['y']);
    expect(shownAbilities(TOOLS, { ...NONE, outcome: 'never', server: 'erp' })).toHaveLength(1);
    expect(shownAbilities(TOOLS, { ...NONE, effect: 'write' })).toEqual([]);
    expect(countsOf(TOOLS)).toEqual({ always: 1, depends: 0, ask: 1, never: 1 });
  });
});
