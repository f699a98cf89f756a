import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../cases/house.ts';
import { member } from '../notify/fixtures.ts';
import { type NoticeHouse, openNoticeHouse, order, type Press, type Row, slackSigned } from '../notify/house.ts';

/** Whoever can reach /approvals/slack tries to answer for carol of finance. Requirement HU3: what is not proven is not an answer. */
let all: NoticeHouse;
let row: Row;

beforeAll(async () => {
  all = await openNoticeHouse({ approvals: ', noticesPerTenMinutes: 100' });
  const client = await all.house.client('buyer', '/mcp/erp');
  void client.callTool(order(600)).catch(() => {});
  await until(async () => (await all.pending()).length === 1);
  row = (await all.pending())[0] as Row;
  // What carol sees is with her; from here on Slack hears of answers alone.
  await until(async () => (await all.notices(row.id)).every(({ state }) => state === 'sent'));
  all.slack.members.push(
    member('U0OTHER', 'carol@example.com', { team_id: 'T0EVIL' }),
    member('U0UNSURE', 'carol@example.com', { is_email_confirmed: false }),
    member('U0GUEST', 'carol@example.com', { is_ultra_restricted: true }),
    member('U0BOT', 'carol@example.com', { is_bot: true }),
    member('U0NOBODY', 'mallory@example.com'),
    member('U0ALICE', 'alice@example.com'),
  );
});
afterAll(() => all?.stop());
beforeEach(() => {
  all.slack.calls.length = 0;
});

const approve = (over: Partial<Press> = {}): Press => ({
  ...{ user: 'U0CAROL', action: 'approve', value: { approval: row.id, digest: row.digest } },
  ...over,
});
const whispers = () =>
  all.slack.calls.filter(({ method }) => method === 'chat.postEphemeral').map(({ body }) => body.text);

/** It counted for nothing: the request waits as before, and no outcome is on record. */
async function untouched(): Promise<void> {
  const { body } = await all.house.admin<{ approval: { state: string; answers: unknown[] } }>(
    'GET',
    `/v1/approvals/${row.id}`,
  );
  expect(body.approval).toMatchObject({ state: 'pending', answers: [] });
  const records = await all.house.records();
  expect(records.filter((record) => record.type === 'admin' && record.act === 'approval.outcome')).toEqual([]);
}

describe('a request that is not Slack’s', () => {
  const seconds = (offset: number) => String(Math.floor(Date.now() / 1000) + offset);
  const forged: Record<string, Press['over']> = {
    'without a signature': () => ({ signature: '' }),
    'signed with another secret': ({ body, timestamp }) => ({ signature: slackSigned(body, timestamp, 'guessed') }),
    'signed with no secret': ({ body, timestamp }) => ({ signature: slackSigned(body, timestamp, '') }),
    'signed for another body': ({ body, timestamp }) => ({ signature: slackSigned(`${body}&x=1`, timestamp) }),
    'changed after it was signed': ({ body }) => ({ body: body.replace('U0CAROL', 'U0DAVE0') }),
    'of six minutes ago': ({ body }) => ({ timestamp: seconds(-360), signature: slackSigned(body, seconds(-360)) }),
    'of six minutes from now': ({ body }) => ({ timestamp: seconds(360), signature: slackSigned(body, seconds(360)) }),
    'with another time than was signed': ({ timestamp }) => ({ timestamp: String(Number(timestamp) + 1) }),
    'with a time that is none': ({ body }) => ({ timestamp: '1e9', signature: slackSigned(body, '1e9') }),
    'of another version': ({ signature }) => ({ signature: signature.replace('v0=', 'v1=') }),
    'cut short': ({ signature }) => ({ signature: signature.slice(0, -1) }),
    'in capitals': ({ signature }) => ({ signature: signature.toUpperCase() }),
  };
  it.each(Object.entries(forged))('%s is refused', async (_how, over) => {
    const answer = await all.press({ ...approve(), ...(over === undefined ? {} : { over }) });
    expect(answer.status).toBe(401);
    expect(all.slack.calls).toEqual([]);
    await untouched();
  });

  it('too large, or not posted, is refused', async () => {
    const large = await all.press(
      approve({ value: { approval: row.id, digest: row.digest, pad: 'x'.repeat(70_000) } }),
    );
    expect(large.status).toBe(413);
    expect((await all.house.raw({ path: '/approvals/slack', method: 'GET' })).status).toBe(405);
    await untouched();
  });
});

describe('a request that is Slack’s', () => {
  it.each([
    ['of a workspace that is connected', { team: 'T0EVIL' }],
    ['of a member of another workspace with carol’s address', { user: 'U0OTHER' }],
    ['of somebody whose address nobody confirmed', { user: 'U0UNSURE' }],
    ['of a guest', { user: 'U0GUEST' }],
    ['of a bot', { user: 'U0BOT' }],
    ['of somebody Slack does not know', { user: 'U0GHOST' }],
    ['of a member who is nobody here', { user: 'U0NOBODY' }],
  ])('%s answers nothing', async (_who, over) => {
    const answer = await all.press(approve(over));
    expect(answer.status).toBe(200);
    expect(whispers()).toEqual([expect.stringMatching(/does not know you|did not work/)]);
    await untouched();
  });

  it('of a person nobody asked answers nothing', async () => {
    await all.press(approve({ user: 'U0ALICE' }));
    expect(whispers()).toEqual([expect.stringMatching(/^(Not taken|Interlock does not know you)/)]);
    await untouched();
  });

  it.each([
    ['for something else than it is now', { value: { approval: '%', digest: 'another-digest' } }, /^Not taken/],
    ['for a request that is none', { value: { approval: 'no-such-request', digest: 'd' } }, /no such request/],
  ])('%s answers nothing', async (_what, over, said) => {
    const value = { ...over.value, ...(over.value.approval === '%' ? { approval: row.id } : {}) };
    await all.press(approve({ value }));
    expect(whispers()).toEqual([expect.stringMatching(said)]);
    await untouched();
  });

  it.each([
    ['another action', { action: 'consume' }],
    ['a link', { action: 'open' }],
    ['no request', { value: {} }],
    ['something that is no text', { value: { approval: 1, digest: [] } }],
  ])('that presses %s is heard and answers nothing', async (_what, over) => {
    expect((await all.press(approve(over))).status).toBe(200);
    expect(whispers()).toEqual([]);
    await untouched();
  });

  it('with two payloads answers nothing', async () => {
    const twice: Press['over'] = ({ body, timestamp }) => {
      const both = `${body}&${body}`;
      return { body: both, signature: slackSigned(both, timestamp) };
    };
    expect((await all.press({ ...approve(), over: twice })).status).toBe(200);
    expect(whispers()).toEqual([]);
    await untouched();
  });
});

/** Last: it is a real answer. */
it('a good request overheard and made again counts once', async () => {
  const sent: { body: string; timestamp: string; signature: string }[] = [];
  const overheard = await all.press({
    ...approve({ action: 'deny' }),
    over: (first) => {
      sent.push(first);
      return {};
    },
  });
  expect(overheard.status).toBe(200);
  const again = await Promise.all(
    Array.from({ length: 10 }, () => all.press({ ...approve({ action: 'deny' }), over: () => sent[0] as never })),
  );
  expect(again.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 401));
  const records = await all.house.records();
  const outcomes = records.filter((record) => record.type === 'admin' && record.act === 'approval.outcome');
  expect(outcomes).toHaveLength(1);
  expect(outcomes[0]).toMatchObject({ by: 'carol', detail: { outcome: 'denied', answers: [{ person: 'carol' }] } });
});

describe('where a passkey is needed', () => {
  let strict: NoticeHouse;
  beforeAll(async () => {
    strict = await openNoticeHouse({ assurance: 'passkey' });
  });
  afterAll(() => strict?.stop());

  it('a button leads to the page, and neither approves nor denies', async () => {
    const client = await strict.house.client('buyer', '/mcp/erp');
    void client.callTool(order(600)).catch(() => {});
    await until(() => strict.slack.calls.some(({ body }) => body.channel === 'U0CAROL'));
    const shown = JSON.stringify(strict.slack.calls.find(({ body }) => body.channel === 'U0CAROL')?.body.blocks);
    expect(shown).not.toContain('"approve"');
    const [asked] = await strict.pending();
    for (const action of ['approve', 'deny']) {
      const value = { approval: asked?.id, digest: asked?.digest };
      expect((await strict.press({ user: 'U0CAROL', action, value })).status).toBe(200);
    }
    const said = strict.slack.calls
      .filter(({ method }) => method === 'chat.postEphemeral')
      .map(({ body }) => body.text);
    expect(said).toHaveLength(2);
    for (const text of said) expect(text).toMatch(/answered on its page: http:\S+\/approvals\/open\/[\w-]{43}$/);
    expect(new Set(said).size).toBe(2);
    expect((await strict.pending())[0]).toMatchObject({ id: asked?.id, answers: [] });
  });
});
