import { describe, expect, it } from 'vitest';
import { blocksOf } from './result-blocks.ts';

describe('what a tool answered', () => {
  it('is shown block by block, JSON in a text as JSON', () => {
    const result = {
      content: [
        { type: 'text', text: '{"orders":[1]}' },
        { type: 'text', text: '12' },
        { type: 'text', text: '{not json' },
        { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      ],
      structuredContent: { a: 1 },
      isError: true,
    };
    expect(blocksOf(result)).toEqual({
      blocks: [
        { kind: 'text', value: { orders: [1] } },
        { kind: 'text', value: '12' },
        { kind: 'text', value: '{not json' },
        { kind: 'image', value: { type: 'image', data: 'AAAA', mimeType: 'image/png' } },
        { kind: 'structured', value: { a: 1 } },
      ],
      isError: true,
      more: 0,
    });
  });

  it('is shown as it is where it is no such result, and never without end', () => {
    for (const odd of [null, 7, 'x', [], { content: 'x' }, { tools: [] }])
      expect(blocksOf(odd).blocks).toEqual([{ kind: '', value: odd }]);
    expect(blocksOf({ content: [null, 7, { type: 7 }] }).blocks.map(({ kind }) => kind)).toEqual(['', '', '']);
    const many = blocksOf({ content: Array.from({ length: 33 }, () => ({ type: 'text', text: 'x' })) });
    expect([many.blocks.length, many.more]).toEqual([20, 13]);
  });
});
