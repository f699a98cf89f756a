import { keyRoutes } from '../../surfaces/admin/keys.ts';
import { noticeRoutes } from '../../surfaces/admin/notices.ts';
import { agentRoutes } from '../../surfaces/admin/routes/agents.ts';
import { approvalRoutes } from '../../surfaces/admin/routes/approvals.ts';
import { inboxRoutes } from '../../surfaces/admin/routes/approvers/inbox.ts';
import { approverRoutes } from '../../surfaces/admin/routes/approvers/who.ts';
import { credentialRoutes } from '../../surfaces/admin/routes/credentials.ts';
import { delegationRoutes } from '../../surfaces/admin/routes/delegation/delegation.ts';
import { serverReadRoutes } from '../../surfaces/admin/routes/estate/servers.ts';
import { settingsRoutes } from '../../surfaces/admin/routes/estate/settings.ts';
import { insightRoutes } from '../../surfaces/admin/routes/insight/insight.ts';
import { peopleRoutes } from '../../surfaces/admin/routes/people.ts';
import { policyRoutes } from '../../surfaces/admin/routes/policies/policies.ts';
import { reviewRoutes } from '../../surfaces/admin/routes/reviews.ts';
import { transferRoutes } from '../../surfaces/admin/routes/transfer.ts';
import { vaultRoutes } from '../../surfaces/admin/routes/vault.ts';
import { rightsRoutes } from '../../surfaces/admin/routes-rights.ts';
import { type AdminRoutes, operatorNoun } from '../../surfaces/admin/server.ts';
import { inboxOperations } from '../approvals/inbox.ts';
import { approvalOperations } from '../approvals/operations.ts';
import { approverOperations } from '../approvals/who.ts';
import { delegationOperations } from '../authority/delegation.ts';
import { keyOperations } from '../authority/keys.ts';
import { peopleReading } from '../console/estate/people.ts';
import { serverReading } from '../console/estate/servers.ts';
import { settingsView } from '../console/estate/settings.ts';
import { insightOperations } from '../console/insight/open.ts';
import { tierOf } from '../console/insight/parts.ts';
import { policyOperations } from '../console/policies/operations.ts';
import { vaultOperations } from '../credentials.ts';
import { rightsOperations } from '../rights/operations.ts';
import { receiptOf } from './approvals-door.ts';
import { type OperationParts, operations } from './operations.ts';
import type { DoorOptions, PublicDoor } from './public-door.ts';

/** What an operator can do, per noun. */
export function adminRoutes(
  options: DoorOptions,
  { agents, signIn, mcp }: PublicDoor,
  parts: OperationParts,
): readonly AdminRoutes[] {
  const { live, gateway, stores, authority, humans, credentials, questions, delivery } = options;
  const { people, groups } = humans;
  return [
    operatorNoun(operations(parts)),
    approvalRoutes(approvalOperations(questions, gateway.journal, live)),
    inboxRoutes(inboxOperations({ live, questions, receiptOf: (row) => receiptOf({ live, gateway }, row) })),
    noticeRoutes(delivery.operations, ({ by, order }) =>
      gateway.journal.append({ type: 'admin', act: 'notice.test', by, reason: 'a test message', detail: { ...order } }),
    ),
    approverRoutes(approverOperations(live, gateway.clock)),
    credentialRoutes(() => signIn.desk),
    rightsRoutes(rightsOperations(parts)),
    keyRoutes(keyOperations(authority.ring, gateway.journal)),
    vaultRoutes(vaultOperations(credentials, gateway.journal)),
    peopleRoutes({ people, groups, directory: live.directory, ...peopleReading(live, signIn) }),
    agentRoutes(agents),
    delegationRoutes(delegationOperations({ live, stores, gateway })),
    transferRoutes(agents.registry, () => tierOf(gateway.revocation.locks())),
    insightRoutes(insightOperations({ ...options, mcp, activity: options.records.activity })),
    policyRoutes(policyOperations({ live, gateway, stores })),
    reviewRoutes(agents.reviews, live.directory),
    serverReadRoutes(serverReading(parts)),
    settingsRoutes(() => settingsView(live, parts.url)),
    options.records.routes(() => mcp.openSessions()),
  ];
}
