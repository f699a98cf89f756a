import { describe, expect, it } from 'vitest';
import { request } from '../../../../../test/notify/fixtures.ts';
import type { ShownRequest } from '../../../../model/approval.ts';
import { factCards } from './facts.ts';

function page(showing: Partial<ShownRequest>): string {
  const row = request('r1', {}, showing);
  const shown = JSON.parse(row.request) as ShownRequest;
  const directory = { person: () => undefined, agent: () => undefined };
  return factCards({ directory } as never, { row, shown, asked: shown } as never)
    .map(({ text }) => text)
    .join('');
}

describe('HU2: what an agent asks about beforehand', () => {
  it('shows what the agent says as a quotation of its own, never as markup', () => {
    expect(page({ bindingMessage: '<b>ORDER</b> 1' })).toContain('<q><bdi>&lt;b&gt;ORDER&lt;/b&gt; 1</bdi></q>');
    expect(page({})).not.toContain('It says');
  });

  it('never looks like a call without arguments when they are hidden', () => {
    const hidden = page({ arguments: {}, argumentsDigest: 'abc' });
    expect(hidden).toMatch(/hidden from you.*Not disclosed.*abc/s);
    expect(hidden).not.toMatch(/no arguments|Nothing is left out/);
    expect(page({ arguments: {} })).toContain('It has no arguments');
  });

  it('shows what a call carries besides its arguments: it is signed and sent as well', () => {
    const sent = page({ arguments: {}, also: { inputResponses: { sure: { action: '<accept>' } } } });
    expect(sent).toMatch(/inputResponses.*&lt;accept&gt;.*No argument: sent besides/s);
    expect(sent).not.toContain('It has no arguments');
  });
});
