import { csrfField } from '../../account/pages/parts.ts';
import type { Page } from '../../account/web/answer.ts';
import { html } from '../../account/web/html.ts';
import type { Visit } from '../../account/web/visit.ts';
import { FILES } from '../web/files.ts';

/** What a link in a message leads to: one button, so that a program that follows links presses nothing. */
export function ticketPage(visit: Visit, secret: string): Page {
  return {
    title: 'Open the request',
    files: FILES,
    body: html`<h1>An agent is waiting for an answer</h1>
<p class="lead">This link works once and only leads to the request. To answer it you sign in.</p>
<div class="card"><form method="post" action="/approvals/open/${secret}">${csrfField(visit)}<button class="main full">Open the request</button></form>
<p class="soft small under">Nothing is approved by opening it.</p></div>`,
  };
}
