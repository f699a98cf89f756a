import { afterEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../../test/contract/stores-memory.ts';
import { member, message, type SlackServer, slackServer } from '../../../test/notify/fixtures.ts';
import { openWeb } from '../web.ts';
import { Slack } from './slack.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const ALICE = { person: 'alice', name: 'Alice', email: 'Alice@example.com' };
const PLACE = { person: null, name: '', email: null };

async function world(channel: string | null = 'C0APPROVE') {
  const server = await slackServer();
  server.members.push(member('U0ALICE', 'alice@example.com'));
  const web = openWeb({ trusted: () => [server.url] });
  closing.push(
    () => web.close(),
    () => server.stop(),
  );
  const clock = manualClock();
  const slack = new Slack({ apiUrl: `${server.url}/api`, botToken: 'xoxb-1', web: web.fetch, clock, channel });
  return { server, clock, slack };
}

const methods = ({ calls }: SlackServer) => calls.map(({ method }) => method);

describe('a message in Slack', () => {
  it('goes to the member with that address, who is looked up once an hour', async () => {
    const { server, clock, slack } = await world();
    server.members[0] = member('U0ALICE', 'alice@example.com');
    const sent = await slack.send(message({ subject: 'Pay <!channel> & more' }), {
      ...ALICE,
      email: 'alice@example.com',
    });
    expect(sent).toEqual({ place: 'DU0ALICE/17.1' });
    await slack.send(message(), { ...ALICE, email: 'alice@example.com' });
    expect(methods(server)).toEqual(['users.lookupByEmail', 'auth.test', 'chat.postMessage', 'chat.postMessage']);
    expect(server.calls[2]).toEqual({
      method: 'chat.postMessage',
      token: 'Bearer xoxb-1',
      body: {
        ...{ channel: 'U0ALICE', text: 'Pay &lt;!channel&gt; &amp; more', blocks: [{ type: 'divider' }] },
        ...{ unfurl_links: false, unfurl_media: false },
      },
    });
    clock.pass(3_600_001);
    await slack.send(message(), { ...ALICE, email: 'alice@example.com' });
    expect(methods(server).filter((method) => method === 'users.lookupByEmail')).toHaveLength(2);
  });

  it.each([
    ['somebody Slack does not know', null],
    ['an unconfirmed address', member('U0ALICE', 'alice@example.com', { is_email_confirmed: false })],
    ['a member of a connected workspace', member('U0ALICE', 'alice@example.com', { team_id: 'T0OTHER' })],
    ['a stranger', member('U0ALICE', 'alice@example.com', { is_stranger: true })],
    ['a guest', member('U0ALICE', 'alice@example.com', { is_restricted: true })],
    ['a bot', member('U0ALICE', 'alice@example.com', { is_bot: true })],
    ['one that was removed', member('U0ALICE', 'alice@example.com', { deleted: true })],
  ])('is not sent to %s', async (_who, found) => {
    const { server, slack } = await world();
    server.members.splice(0, 1, ...(found === null ? [] : [found]));
    const sending = slack.send(message(), { ...ALICE, email: 'alice@example.com' });
    await expect(sending).rejects.toMatchObject({ permanent: true, message: 'not a member of the workspace' });
    expect(methods(server)).not.toContain('chat.postMessage');
    if (found !== null) expect(await slack.member('U0ALICE')).toEqual({ id: 'U0ALICE', email: null });
  });

  it('goes to the channel, where one is configured', async () => {
    const { slack, server } = await world();
    expect(await slack.send(message(), PLACE)).toEqual({ place: 'C0APPROVE/17.1' });
    expect(methods(server)).toEqual(['chat.postMessage']);
    await expect((await world(null)).slack.send(message(), PLACE)).rejects.toMatchObject({ permanent: true });
  });

  it('is changed where it stands', async () => {
    const { slack, server } = await world();
    await slack.send(message({ replaces: 'D1/17.5', subject: 'Approved' }), PLACE);
    expect(server.calls.map(({ method, body }) => [method, body])).toEqual([
      ['chat.update', { channel: 'D1', ts: '17.5', text: 'Approved', blocks: [{ type: 'divider' }] }],
    ]);
    server.next.set('chat.update', [{ body: { ok: false, error: 'message_not_found' } }]);
    await expect(slack.send(message({ replaces: 'D1/17.5' }), PLACE)).rejects.toMatchObject({ permanent: true });
  });

  it('waits as long as Slack says, with everything', async () => {
    const { slack, server, clock } = await world();
    server.next.set('chat.postMessage', [{ status: 429, headers: { 'retry-after': '12' }, body: { ok: false } }]);
    await expect(slack.send(message(), PLACE)).rejects.toMatchObject({ permanent: false, retryAfterMs: 12_000 });
    clock.pass(5_000);
    await expect(slack.send(message(), PLACE)).rejects.toMatchObject({ permanent: false, retryAfterMs: 7_000 });
    expect(server.calls).toHaveLength(1);
    clock.pass(7_000);
    await slack.send(message(), PLACE);
    expect(server.calls).toHaveLength(2);
  });

  it.each([
    ['channel_not_found', true],
    ['invalid_auth', false],
    ['missing_scope', false],
    ['internal_error', false],
  ])('that is refused with %s is permanent: %s, and the token is not told', async (error, permanent) => {
    const { slack, server } = await world();
    server.next.set('chat.postMessage', [{ body: { ok: false, error } }]);
    const why = await slack.send(message(), PLACE).catch((failed: Error) => failed);
    expect(why).toMatchObject({ permanent, message: `Slack refused chat.postMessage: ${error}` });
    expect(JSON.stringify(why)).not.toContain('xoxb');
  });

  it.each([['<html>'], ['[]'], ['{"ok":"yes"}'], ['']])('answered with %j did not arrive', async (body) => {
    const { slack, server } = await world();
    server.next.set('chat.postMessage', [{ body }]);
    await expect(slack.send(message(), PLACE)).rejects.toMatchObject({ permanent: false });
  });
});

it('whispers without mentions', async () => {
  const { slack, server } = await world();
  await slack.whisper({ channel: 'C1', user: 'U1' }, 'No <@U2>: https://gw.example/a');
  expect(server.calls[0]?.body).toEqual({ channel: 'C1', user: 'U1', text: 'No &lt;@U2&gt;: https://gw.example/a' });
});
