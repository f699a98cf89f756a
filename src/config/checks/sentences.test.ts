import { describe, expect, it } from 'vitest';
import { loadConfigText } from '../load.ts';

function load(approval: string) {
  const text = `people: { alice: { name: Alice } }
agents: {}
policies: .
servers:
  erp:
    url: https://erp.example/mcp
    tools:
      orders.create:
        approval:
${approval}
`;
  return loadConfigText('/tmp/interlock.yaml', text, {});
}

describe('sentences people approve by (HU1)', () => {
  it.each([
    ['          sentence: "Pay {total"', '10:21', 'a "{" is not closed'],
    ['          sentence: "Pay {}"', '10:21', 'names no argument'],
    ['          sentence: "Pay {/a~b}"', '10:21', 'no RFC 6901 pointer'],
    ['          sentence: "   "', '10:21', 'it is empty'],
    ['          sentence: ""', '10:21', ''],
    [`          sentence: "${'x'.repeat(501)}"`, '10:21', ''],
    ['          sentence: "Pay \\u202e{total}"', '10:21', 'U+202E'],
    ['          sentence: "Pay\\n{total}"', '10:21', 'U+000A'],
    ['          sentence: ok\n          touches: "the {order"', '11:20', 'a "{" is not closed'],
    ['          sentence: ok\n          undo: "call\\u200b them"', '11:17', 'U+200B'],
    ['          touches: the orders', '10:11', 'sentence'],
    ['          sentence: ok\n          more: 1', '11:11', 'more'],
  ])('%s is refused where it stands', (approval, at, why) => {
    const loaded = load(approval);
    if (loaded.ok) throw new Error('expected a problem');
    const [problem] = loaded.problems;
    expect(`${problem?.line}:${problem?.column}`).toBe(at);
    expect(`${problem?.message} ${problem?.help}`).toContain(why);
  });

  it('are read once, when the configuration is', () => {
    const loaded = load(
      '          sentence: Order {quantity} of {/item}\n          touches: the orders\n          undo: cancel {it}',
    );
    if (!loaded.ok) throw new Error(loaded.problems[0]?.message);
    expect(loaded.config.servers[0]?.tools.get('orders.create')?.approval).toEqual({
      sentence: {
        parts: [
          { text: 'Order ' },
          { argument: 'quantity', pointer: '/quantity' },
          { text: ' of ' },
          { argument: '/item', pointer: '/item' },
        ],
      },
      touches: { parts: [{ text: 'the orders' }] },
      undo: 'cancel {it}',
    });
  });
});
