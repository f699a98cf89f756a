import { assuranceAtLeast } from '../../../../model/approval.ts';
import type { PostureAnswer } from '../../../../model/insight/overview.ts';
import { DAY_MS } from '../parts.ts';
import type { Check } from './agents.ts';
import { bad, good, many, named, type Said, warn } from './answers.ts';
import type { Facts } from './gather.ts';

/** What can be asked of those who answer, and of those who look after all this. */
export function peopleAnswers(facts: Facts): readonly PostureAnswer[] {
  return CHECKS.map(({ id, question, check }) => ({ advice: null, href: null, id, question, ...check(facts) }));
}

const CHECKS: readonly Check[] = [
  { id: 'assurance', question: 'Is an answer certainly the person’s?', check: assurance },
  { id: 'passkeys', question: 'Can everybody who is asked sign?', check: passkeys },
  { id: 'standing', question: 'Is what was approved to stand still wanted?', check: standing },
  { id: 'admins', question: 'Can somebody stop everything, and somebody else in their place?', check: admins },
];

const OLD_MS = 30 * DAY_MS;

function assurance({ config: { approvals } }: Facts): Said {
  const weak = [...approvals.routes].filter(([, route]) => {
    return route.assurance !== null && !assuranceAtLeast(route.assurance, approvals.assurance);
  });
  if (approvals.assurance === 'passkey')
    return weak.length === 0
      ? good('Every answer is signed with a passkey.')
      : warn(
          `${many(weak.length, 'route asks', 'routes ask')} for less than a passkey: ${named(weak.map(([name]) => name))}.`,
          'Remove assurance from those routes.',
          '/console/settings',
        );
  const said =
    approvals.assurance === 'operator'
      ? 'Whoever opens the gateway’s socket answers in anybody’s name.'
      : 'Being signed in is enough to answer.';
  return (approvals.assurance === 'operator' ? bad : warn)(
    said,
    'Set approvals.assurance: passkey.',
    '/console/settings',
  );
}

function passkeys({ approvers: { people, without }, config: { approvals } }: Facts): Said {
  if (people.length === 0) return good('No policy asks anybody.');
  if (without.length === 0)
    return good(`Each of the ${many(people.length, 'person', 'people')} who may be asked has a passkey.`);
  const ids = without.map(({ id }) => id);
  const said = `${without.length} of ${many(people.length, 'person', 'people')} who may be asked ${without.length === 1 ? 'has' : 'have'} no passkey: ${named(ids)}.`;
  const advice = 'Ask them to add one on their account page (/account).';
  return (approvals.assurance === 'passkey' ? bad : warn)(said, advice, '/console/people');
}

function standing({ standing: all, nowMs }: Facts): Said {
  const old = all.filter(({ createdAtMs }) => nowMs - createdAtMs > OLD_MS);
  if (old.length === 0)
    return good(
      all.length === 0
        ? 'Nothing stands: everything is asked anew.'
        : `${many(all.length, 'standing approval')}, none older than 30 days.`,
    );
  return warn(
    `${many(old.length, 'standing approval is', 'standing approvals are')} older than 30 days: ${named(old.map(({ agent, server, target }) => `${agent} (${server}/${target})`))}.`,
    'Take back what is not wanted any more: interlock approvals standing revoke <id>.',
  );
}

function admins({ admins: found, config }: Facts): Said {
  if (!config.console.enabled) return good('The console is off: whoever opens the gateway’s socket may do everything.');
  const advice = 'Set console.roles.security-admin to two people or to a group.';
  if (found.length === 0)
    return bad('Nobody is security-admin: nobody can stop everything from the console.', advice, '/console/settings');
  if (found.length === 1) return warn(`Only ${found[0]?.name} is security-admin.`, advice, '/console/settings');
  return good(`${found.length} people are security-admin.`, '/console/people');
}
