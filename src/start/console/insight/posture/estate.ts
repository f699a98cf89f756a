import { isLoopback } from '../../../../config/config.ts';
import type { PostureAnswer } from '../../../../model/insight/overview.ts';
import { DAY_MS } from '../parts.ts';
import type { Check } from './agents.ts';
import { bad, good, many, named, type Said, warn } from './answers.ts';
import type { Facts } from './gather.ts';

/** What can be asked of servers, of the gateway itself and of its records. */
export function estateAnswers(facts: Facts): readonly PostureAnswer[] {
  return CHECKS.map(({ id, question, check }) => ({ advice: null, href: null, id, question, ...check(facts) }));
}

const CHECKS: readonly Check[] = [
  { id: 'quarantine', question: 'Has somebody looked at every tool?', check: quarantine },
  { id: 'pin-review', question: 'Does somebody accept what a server shows first?', check: pinReview },
  { id: 'tls', question: 'Can nobody read along?', check: tls },
  { id: 'drill', question: 'Does the kill switch work?', check: drill },
  { id: 'retention', question: 'Are records kept long enough?', check: retention },
  { id: 'witness', question: 'Could somebody else tell if the records were rewritten?', check: witness },
];

const DRILL_MS = 30 * DAY_MS;
/** Regulation (EU) 2024/1689, Article 26(6): logs of high-risk systems are kept for at least six months. */
const SIX_MONTHS_DAYS = 183;
const MONTH_DAYS = 30;

function quarantine({ quarantined }: Facts): Said {
  if (quarantined.length === 0) return good('No tool waits.', '/console/servers');
  const waiting = quarantined.map(({ server, tool }) => `${server}/${tool}`);
  return warn(
    `${many(quarantined.length, 'tool waits', 'tools wait')} for somebody to look: ${named(waiting)}. Nobody can call them.`,
    'Look at each definition, and accept it or ask its maker.',
    '/console/servers?tab=tools&state=quarantined',
  );
}

function pinReview({ config }: Facts): Said {
  const trusting = config.servers.filter(({ trust }) => trust === 'first-use').map(({ id }) => id);
  if (trusting.length === 0) return good('Each server’s first definitions wait for somebody as well.');
  return warn(
    `${many(trusting.length, 'server is', 'servers are')} trusted at first use: ${named(trusting)}. Later changes are held back.`,
    'Set trust: review for servers that are not yours.',
    '/console/servers',
  );
}

function tls({ config: { listen } }: Facts): Said {
  if (listen.tls !== null) return good('The gateway speaks TLS.');
  if (isLoopback(listen.host)) return good(`The gateway listens on ${listen.host}, which nobody else reaches.`);
  if (listen.publicUrl?.startsWith('https:') === true)
    return warn(
      `The gateway listens on ${listen.host} without TLS, behind ${listen.publicUrl}.`,
      'Make sure that nobody but the proxy reaches that port, or set listen.tls.',
      '/console/settings',
    );
  return bad(
    `The gateway listens on ${listen.host} without TLS: tokens, arguments and results can be read on the way.`,
    'Set listen.tls.',
    '/console/settings',
  );
}

function drill({ lastDrill, nowMs }: Facts): Said {
  const advice = 'Run a drill: a real halt, of a session nobody has.';
  if (lastDrill === null) return warn('It was never tried.', advice, '/console/stop');
  const days = Math.floor((nowMs - lastDrill.atMs) / DAY_MS);
  if (!lastDrill.ok) return bad(`The last drill failed: ${lastDrill.message}`, advice, '/console/stop');
  if (nowMs - lastDrill.atMs > DRILL_MS) return warn(`It was last tried ${days} days ago.`, advice, '/console/stop');
  return good(
    `It refused after ${lastDrill.refusedMs} ms, ${days === 0 ? 'today' : `${many(days, 'day')} ago`}.`,
    '/console/stop',
  );
}

function retention({ config: { journal } }: Facts): Said {
  const { retentionDays } = journal;
  if (retentionDays === null) return good('Records are kept until somebody removes them.');
  const kept = `Records are kept for ${many(retentionDays, 'day')}`;
  if (retentionDays >= SIX_MONTHS_DAYS) return good(`${kept}.`);
  const why = 'Regulation (EU) 2024/1689, Article 26(6), asks for six months where a system is of high risk';
  if (retentionDays < MONTH_DAYS) return bad(`${kept}. ${why}.`, 'Raise journal.retentionDays.', '/console/settings');
  return warn(`${kept}. ${why}.`, 'Raise journal.retentionDays, or know that you need less.', '/console/settings');
}

function witness(): Said {
  return warn(
    'Checkpoints are signed by this gateway alone. Whoever has its disk and its key could write the records anew.',
    'Keep checkpoints somewhere else from time to time (interlock log checkpoint), and verify against them.',
    '/console/audit',
  );
}
