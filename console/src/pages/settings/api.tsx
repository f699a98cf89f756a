import { ExternalLink } from 'lucide-react';
import { address } from '../../api/client.ts';
import { Button } from '../../kit/button.tsx';
import { Panel } from '../../kit/card.tsx';
import { Code, Json } from '../../kit/text.tsx';

const CURL = `curl --unix-socket .interlock/admin.sock \\
  http://interlock/v1/status`;
const PAGES = `curl --unix-socket .interlock/admin.sock \\
  'http://interlock/v1/people?limit=100'
# the answer: { "items": […], "next": "eyJ…" }
# the next page: &cursor=eyJ…  until next is null`;
const CHANGE = `curl --unix-socket .interlock/admin.sock \\
  -H 'content-type: application/json' \\
  -H 'idempotency-key: 5f0d2c9e-…' \\
  -d '{"reason":"ticket 4711","by":"olga"}' \\
  http://interlock/v1/servers/erp/scan`;

/** The interface this console and the command line use, for programs. */
export function Api() {
  return (
    <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
      <Panel
        title="The administrative API"
        className="lg:col-span-2"
        actions={
          <Button size="small" asChild>
            <a href={address('/v1/openapi.json')} target="_blank" rel="noreferrer">
              <ExternalLink aria-hidden /> OpenAPI document
            </a>
          </Button>
        }
      >
        <p>
          Everything on these pages goes through one documented interface, which the command line uses as well. Programs
          reach it over the administrative socket, as the user the gateway runs as (<Code copy>interlock api</Code>{' '}
          prints its document); this browser reaches it under <Code>/console/api</Code> with your session and your
          roles. Every change is recorded with who made it and why.
        </p>
      </Panel>
      <Panel title="Ask">
        <Json value={CURL} />
      </Panel>
      <Panel title="Go through a list" note="The cursor is opaque: send it back as it came.">
        <Json value={PAGES} />
      </Panel>
      <Panel title="Change something" note="Sent again with the same key, it is answered, not done, again.">
        <Json value={CHANGE} />
      </Panel>
      <Panel title="When it is refused" note="application/problem+json, RFC 9457. The code is short and stable.">
        <Json
          value={{ title: 'Not found', status: 404, detail: 'there is no server "erp2"', code: 'unknown-server' }}
        />
      </Panel>
    </div>
  );
}
