import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { request } from '../../../test/notify/fixtures.ts';
import type { ShownRequest } from '../../model/approval.ts';
import type { JsonObject } from '../../model/json.ts';
import type { NoticeMessage } from '../../ports/notify.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import { renderAsked, renderEnded, renderGrouped, renderTest } from './render.ts';

const origin = 'https://gw.example';
const link = `${origin}/approvals/open/secret`;

function asked(
  showing: Partial<ShownRequest> = {},
  over: Partial<ApprovalRow> = {},
  recipient: string | null = 'alice',
) {
  const row = request('r1', over, showing);
  return renderAsked({ notice: { id: 'n1', kind: 'asked', recipient }, row, link, origin });
}

const SIGNED_IN = { ...request('r').requirement, assurance: 'signed-in' as const };
const everything = (message: NoticeMessage): string => JSON.stringify({ ...message, id: '' });
const actions = (message: NoticeMessage): string[] =>
  message.blocks.flatMap((block) =>
    block.type === 'actions' ? (block.elements as JsonObject[]).map(({ action_id }) => String(action_id)) : [],
  );

describe('a message that asks', () => {
  it('quotes what the agent said beforehand as the agent’s words, and only where values may be told (HU2)', () => {
    expect(asked({ bindingMessage: 'ORDER 4711' }).text).toContain('\nThe agent says: ORDER 4711\n');
    expect(everything(asked({ bindingMessage: 'ORDER 4711', dataClass: 'restricted' }))).not.toContain('4711');
    expect(everything(asked({ bindingMessage: 'ORDER 4711' }, {}, null))).not.toContain('4711');
    expect(asked().text).not.toContain('says');
    const hidden = asked({ argumentsDigest: 'd', arguments: {} }, { requirement: SIGNED_IN });
    expect([hidden.text.includes('Arguments'), actions(hidden)]).toEqual([
      false,
      actions(asked({ dataClass: 'restricted' })),
    ]);
  });

  it('says in every form what is asked, by whom, how much, until when, and where to answer', () => {
    const message = asked();
    expect(message.subject).toBe('Your approval is needed: Order for 900 from “Acme”');
    expect(message.text).toBe(`Your approval is needed

Order for 900 from “Acme”

Agent: Buyer (buyer), owned by alice
On behalf of: Carol (carol)
Purpose: buys parts
Amount: 900.00 EUR
Effect: changes data, cannot be undone
Environment: production
Why you are asked: Orders over 500 need a person
Answer until: 2027-01-15 08:01 UTC

Arguments, as the agent gave them:
    total = 900
    supplier = Acme

Open the request:
https://gw.example/approvals/open/secret

The link works once and is yours alone: you sign in, see the whole request, and decide. Nothing is approved by opening it.
`);
    for (const said of ['900.00 EUR', 'Buyer (buyer)', 'supplier', '2027-01-15 08:01 UTC', link])
      expect(message.html).toContain(said);
    const blocks = JSON.stringify(message.blocks);
    for (const said of ['900.00 EUR', 'Buyer (buyer)', 'supplier = Acme', link]) expect(blocks).toContain(said);
    expect(message.short).toEqual({ title: 'Buyer: your approval is needed', body: 'Order for 900 from “Acme”' });
    expect(message.event).toMatchObject({
      type: 'approval.asked',
      data: { approval: 'r1', agent: 'a', sentence: 'Order for 900 from “Acme”', url: `${origin}/approvals/r1` },
    });
  });

  it('loads nothing, runs nothing and leads to one place', () => {
    const { html } = asked();
    expect(html).not.toMatch(/<(script|img|link|style|iframe|form)|src=|url\(|@import/i);
    expect(html.match(/href="[^"]*"/g)).toEqual([`href="${link}"`]);
  });

  it.each([['restricted'], [null]] as const)('tells no value of %s data, in no form', (dataClass) => {
    const message = asked(
      {
        dataClass,
        arguments: { iban: 'DE-SECRET', total: 12_345 },
        amount: 123_450_000,
        sentence: [{ text: 'Pay ' }, { argument: 'iban', value: 'DE-SECRET', missing: false }],
      },
      { requirement: SIGNED_IN },
    );
    for (const secret of ['DE-SECRET', '12345', '12,345', 'iban']) expect(everything(message)).not.toContain(secret);
    expect(message.text).toContain('The values are not shown in messages: open the link to see them.');
    expect(actions(message)).toEqual(['open']);
  });

  it('tells a place others read that there is one, and no arguments', () => {
    const message = asked({ arguments: { memo: 'PRIVATE', total: 900 } }, { requirement: SIGNED_IN }, null);
    expect(message.text).not.toContain('PRIVATE');
    expect(JSON.stringify(message.blocks)).not.toContain('PRIVATE');
    expect(message.text).not.toContain('Amount');
    expect(actions(message)).toEqual(['open']);
  });

  it('tells a text that reads like another value apart from it', () => {
    const { text } = asked({ arguments: { dryRun: 'false', now: false } });
    expect(text).toContain('dryRun = "false"\n    now = false');
  });

  it('is not answered where it stands when all arguments together are more than it holds', () => {
    const long = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`${i}`.padEnd(40, 'n'), 'v'.repeat(200)]));
    expect(actions(asked({ arguments: long }, { requirement: SIGNED_IN }))).toEqual(['open']);
  });

  it('can be answered where it stands only if a signed-in person’s word is enough and all of it is shown', () => {
    const enough = { requirement: SIGNED_IN };
    expect(actions(asked({}, enough))).toEqual(['approve', 'deny', 'open']);
    expect(actions(asked({}, { requirement: { ...SIGNED_IN, assurance: 'operator' } }))).toEqual([
      'approve',
      'deny',
      'open',
    ]);
    expect(actions(asked({}, { requirement: { ...SIGNED_IN, assurance: 'passkey' } }))).toEqual(['open']);
    expect(actions(asked({ arguments: { memo: 'x'.repeat(201) } }, enough))).toEqual(['open']);
    expect(actions(asked({ arguments: { memo: '\u202e'.repeat(50) } }, enough))).toEqual(['approve', 'deny', 'open']);
    expect(actions(asked({ arguments: { memo: '\u202ea'.repeat(50) } }, enough))).toEqual(['open']);
    const many = Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`a${i}`, i]));
    expect(actions(asked({ arguments: many }, enough))).toEqual(['open']);
    const proposal = { arguments: {}, digest: 'x', by: 'bob', atMs: 1 };
    expect(actions(asked({}, { ...enough, proposal }))).toEqual(['open']);
  });

  it('warns of values a stranger may have written', () => {
    const origins = [{ at: '/supplier', from: 'untrusted-result', source: 'mail/read' }] as const;
    expect(asked({ origins }).text).toContain('!! Untrusted content decides here: /supplier came from mail/read.');
  });

  it('does not break on a request that cannot be read', () => {
    for (const broken of ['', 'null', '{}', '[]', '{"sentence":1}', '{"sentence":[]}'])
      expect(asked({}, { request: broken }).subject).toContain('An agent waits for a person');
  });
});

describe('what an agent writes', () => {
  const evil = [
    'x\r\nBcc: mallory@evil.example',
    '</p><script>alert(1)</script><img src=x onerror=alert(1)>',
    '" onmouseover="alert(1)',
    '<!channel> <@U1> <https://evil.example|click> *bold* `code`',
    'total \u202e009\u202c \u200b\ufeff',
    `${' '.repeat(5_000)}hidden`,
    'A'.repeat(10_000),
    '\nOpen the request:\nhttps://evil.example/approvals/open/x',
  ];

  it('stays data: one line, visible, bounded and escaped, wherever it stands', () => {
    for (const text of evil) {
      const message = asked({
        arguments: { memo: text, [text]: 1 },
        sentence: [{ text: 'Order ' }, { argument: 'memo', value: text, missing: false }],
        purpose: text,
        agent: { id: 'buyer', name: text, owner: 'alice', riskTier: 'low' },
        currency: text,
      });
      expect(message.subject).not.toMatch(/[\p{Cc}\u202e\u200b]/u);
      expect(message.subject.length).toBeLessThanOrEqual(150);
      expect(message.html).not.toMatch(/<script|<img|onmouseover="alert/);
      expect(message.html.match(/href="[^"]*"/g)).toEqual([`href="${link}"`]);
      // No line of its own: what an agent wrote never begins one.
      expect(message.text.split('\n').filter((line) => /^(Bcc|https:\/\/evil|hidden)/.test(line))).toEqual([]);
      expect(message.text).not.toMatch(/[\u202e\u200b\ufeff]/);
      expect(message.text.length).toBeLessThan(5_000);
      expect(message.short.title.length).toBeLessThanOrEqual(81);
      expect([...message.short.body].length).toBeLessThanOrEqual(200);
      // The amount is in sight whatever stands around it.
      expect(message.text).toContain('Amount: 900.00 ');
    }
  });

  it('is never read by Slack as more than text', () => {
    const markdown: JsonObject[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if ((value as JsonObject).type === 'mrkdwn') markdown.push(value as JsonObject);
      for (const each of Object.values(value)) visit(each);
    };
    for (const text of evil) {
      const { blocks } = asked({
        arguments: { memo: text },
        sentence: [{ argument: 'm', value: text, missing: false }],
      });
      visit(blocks);
      expect(JSON.stringify(blocks).length).toBeLessThan(20_000);
    }
    expect(markdown).toEqual([]);
  });

  it('breaks nothing, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary', maxLength: 300 }), (value, name) => {
        const args = JSON.parse(JSON.stringify({ [name]: value })) as JsonObject;
        const message = asked({
          arguments: args,
          sentence: [{ argument: name, value: value as never, missing: false }],
        });
        expect(message.subject).not.toMatch(/[\r\n]/);
        expect(message.html.split('<a ').length).toBe(2);
        for (const { text } of texts(message.blocks)) expect(text.length).toBeLessThanOrEqual(3_000);
      }),
      { numRuns: 200 },
    );
  });
});

function texts(value: unknown): { text: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = typeof (value as { text?: unknown }).text === 'string' ? [value as { text: string }] : [];
  return [...own, ...Object.values(value).flatMap(texts)];
}

describe('a message that it is over', () => {
  it.each([
    ['approved', 'bob', 'Approved by bob: Order for 900 from “Acme”'],
    ['consumed', 'bob', 'Approved by bob: Order for 900 from “Acme”'],
    ['denied', 'bob', 'Denied by bob: Order for 900 from “Acme”'],
    ['expired', null, 'Expired: nobody answered in time: Order for 900 from “Acme”'],
    ['withdrawn', 'interlock', 'Withdrawn by interlock: Order for 900 from “Acme”'],
  ] as const)('%s by %s, without a button', (state, answeredBy, subject) => {
    const row = request('r1', { state, answeredBy });
    const message = renderEnded(
      { notice: { id: 'n', kind: 'answered', recipient: null }, row, link, origin },
      'D1/17.1',
    );
    expect(message).toMatchObject({ subject, replaces: 'D1/17.1' });
    expect(actions(message)).toEqual([]);
    expect(message.event).toMatchObject({ data: { state, answeredBy } });
  });
});

it('one in place of many leads to the inbox', () => {
  expect(renderGrouped({ id: 'g', count: 191, more: false, origin })).toMatchObject({
    ...{ subject: '191 requests wait for you', link: `${origin}/approvals`, approval: null },
  });
  expect(renderGrouped({ id: 'g', count: 200, more: true, origin }).subject).toBe('200 or more requests wait for you');
  expect(renderGrouped({ id: 'g', count: 1, more: false, origin }).subject).toBe('1 request waits for you');
  expect(renderTest('t', origin)).toMatchObject({ subject: 'A test message', kind: 'test' });
});
