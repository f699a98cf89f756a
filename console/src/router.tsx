import { createRootRoute, createRoute, createRouter, Link, lazyRouteComponent } from '@tanstack/react-router';
import { SearchX } from 'lucide-react';
import { Button } from './kit/button.tsx';
import { PageHead } from './kit/card.tsx';
import { Empty, Failed } from './kit/states.tsx';
import { Shell } from './shell/shell.tsx';

/** What the address says beside the path: filters and tabs, so that a link shows what its sender saw. */
export type Search = Readonly<Record<string, string | undefined>>;

function validateSearch(raw: Record<string, unknown>): Search {
  return Object.fromEntries(
    Object.entries(raw)
      .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
      .map(([name, value]) => [name, String(value)]),
  );
}

const root = createRootRoute({
  component: Shell,
  validateSearch,
  notFoundComponent: () => (
    <>
      <PageHead title="No such page" />
      <Empty
        icon={SearchX}
        title="Nothing is at this address"
        action={
          <Button asChild>
            <Link to="/">To the overview</Link>
          </Button>
        }
      >
        It may have been mistyped, or what it led to has another address now. Ctrl K finds pages and agents by name.
      </Empty>
    </>
  ),
  errorComponent: ({ error, reset }) => <Failed error={error} retry={reset} />,
});

const page = <P extends string>(path: P, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => root, path, component });

/** Each page is a file of its own, loaded when somebody goes there. */
const routes = [
  page(
    '/',
    lazyRouteComponent(() => import('./pages/overview/overview.tsx'), 'OverviewPage'),
  ),
  page(
    '/agents',
    lazyRouteComponent(() => import('./pages/agents/agents.tsx'), 'AgentsPage'),
  ),
  page(
    '/agents/$id',
    lazyRouteComponent(() => import('./pages/agents/agent.tsx'), 'AgentPage'),
  ),
  page(
    '/map',
    lazyRouteComponent(() => import('./pages/agents/map.tsx'), 'MapPage'),
  ),
  page(
    '/stop',
    lazyRouteComponent(() => import('./pages/stop/stop.tsx'), 'StopPage'),
  ),
  page(
    '/posture',
    lazyRouteComponent(() => import('./pages/overview/posture.tsx'), 'PosturePage'),
  ),
  page(
    '/approvals',
    lazyRouteComponent(() => import('./pages/approvals/approvals.tsx'), 'ApprovalsPage'),
  ),
  page(
    '/live',
    lazyRouteComponent(() => import('./pages/live/live.tsx'), 'LivePage'),
  ),
  page(
    '/sessions',
    lazyRouteComponent(() => import('./pages/sessions/sessions.tsx'), 'SessionsPage'),
  ),
  page(
    '/sessions/$id',
    lazyRouteComponent(() => import('./pages/sessions/session.tsx'), 'SessionPage'),
  ),
  page(
    '/transactions/$id',
    lazyRouteComponent(() => import('./pages/sessions/session.tsx'), 'TransactionPage'),
  ),
  page(
    '/calls/$id',
    lazyRouteComponent(() => import('./pages/sessions/call.tsx'), 'CallPage'),
  ),
  page(
    '/audit',
    lazyRouteComponent(() => import('./pages/audit/audit.tsx'), 'AuditPage'),
  ),
  page(
    '/policies',
    lazyRouteComponent(() => import('./pages/policies/policies.tsx'), 'PoliciesPage'),
  ),
  page(
    '/policies/drafts/$id',
    lazyRouteComponent(() => import('./pages/policies/draft.tsx'), 'DraftPage'),
  ),
  page(
    '/policies/versions/$id',
    lazyRouteComponent(() => import('./pages/policies/version.tsx'), 'VersionPage'),
  ),
  page(
    '/servers',
    lazyRouteComponent(() => import('./pages/servers/servers.tsx'), 'ServersPage'),
  ),
  page(
    '/servers/$id',
    lazyRouteComponent(() => import('./pages/servers/server.tsx'), 'ServerPage'),
  ),
  page(
    '/connections',
    lazyRouteComponent(() => import('./pages/connections/connections.tsx'), 'ConnectionsPage'),
  ),
  page(
    '/people',
    lazyRouteComponent(() => import('./pages/people/people.tsx'), 'PeoplePage'),
  ),
  page(
    '/people/$id',
    lazyRouteComponent(() => import('./pages/people/person.tsx'), 'PersonPage'),
  ),
  page(
    '/reviews',
    lazyRouteComponent(() => import('./pages/reviews/reviews.tsx'), 'ReviewsPage'),
  ),
  page(
    '/reviews/$id',
    lazyRouteComponent(() => import('./pages/reviews/review.tsx'), 'ReviewPage'),
  ),
  page(
    '/templates',
    lazyRouteComponent(() => import('./pages/templates/templates.tsx'), 'TemplatesPage'),
  ),
  page(
    '/settings',
    lazyRouteComponent(() => import('./pages/settings/settings.tsx'), 'SettingsPage'),
  ),
];

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: '/console',
  defaultPreload: 'intent',
  // Another agent is another page: no dialog, no half-written reason goes along.
  defaultRemountDeps: ({ params }) => params,
  defaultErrorComponent: ({ error, reset }) => <Failed error={error} retry={reset} />,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
