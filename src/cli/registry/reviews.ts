import { type Command, Option } from 'commander';
import { everyItem } from '../operate/admin-client.ts';
import type { Act } from '../shell/act.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { isoTime } from '../shell/text.ts';
import { gateway, query, readTime, type WhoOptions, who, withWho } from './orders.ts';

interface Review {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly dueAtMs: number;
  readonly progress: { readonly waiting: number };
  readonly summary: Readonly<Record<string, number>> | null;
}

interface Item {
  readonly agent: string;
  readonly decision: {
    readonly outcome: string;
    readonly by: string;
    readonly reason: string;
    readonly atMs: number;
  } | null;
}

interface CreateOptions extends WhoOptions {
  readonly due: string;
  readonly owner?: string;
  readonly department?: string;
  readonly risk?: string;
  readonly reviewer?: readonly string[];
  readonly excludeRequester?: boolean;
  readonly overdue: string;
}

export function addReviewCommands(program: Command, act: Act): void {
  const reviews = program
    .command('reviews')
    .description('campaigns in which people look again at what agents may do')
    .addHelpText('after', '\nExample:\n  interlock reviews list');
  reviews
    .command('list', { isDefault: true })
    .description('list the campaigns and what waits')
    .addHelpText('after', '\nExample:\n  interlock reviews list')
    .action(act((context) => list(context)));
  reviews
    .command('show')
    .description('one campaign, agent by agent; with --json the evidence')
    .argument('<review>')
    .option('--mine', 'only what waits for you (--by: for somebody else)')
    .option('--by <name>', 'whose (default: your login name)')
    .addHelpText('after', '\nExample:\n  interlock reviews show r-1a2b3c4d5e --json > evidence.json')
    .action(act((context, [id = ''], options: { mine?: boolean; by?: string }) => show(context, id, options)));
  withWho(reviews.command('create').description('start a campaign').argument('<name>'))
    .requiredOption('--due <time>', 'its end: a date or a duration from now')
    .option('--owner <person>', 'agents of this owner')
    .option('--department <text>', 'agents of this department')
    .option('--risk <tier>', 'agents of this risk tier')
    .option('--reviewer <person...>', 'who decides (default: owner and deputies of each agent)')
    .option('--exclude-requester', 'nobody decides on what they requested')
    .addOption(
      new Option('--overdue <outcome>', 'for what nobody looked at').choices(['none', 'suspend']).default('none'),
    )
    .addHelpText(
      'after',
      '\nExample:\n  interlock reviews create "Q4" --risk high --due 14d --overdue suspend --reason quarterly',
    )
    .action(act((context, [name = ''], options: CreateOptions) => create(context, name, options)));
  decideCommands(reviews, act);
  withWho(reviews.command('close').description('end a campaign before its time').argument('<review>'))
    .addHelpText('after', '\nExample:\n  interlock reviews close r-1a2b3c4d5e --reason "all decided"')
    .action(act((context, [id = ''], options: WhoOptions) => close(context, id, options)));
}

interface DecideOptions extends WhoOptions {
  readonly scope?: readonly string[];
  readonly server?: readonly string[];
  readonly to?: string;
}

function decideCommands(reviews: Command, act: Act): void {
  const outcomes = [
    ['certify', 'it keeps what it has', ''],
    ['reduce', 'it keeps only these scopes or servers', ' --scope crm:read'],
    ['revoke', 'it is suspended', ''],
    ['reassign', 'somebody else answers for it', ' --to bob'],
  ] as const;
  for (const [outcome, what, more] of outcomes) {
    const command = withWho(reviews.command(outcome).description(what).argument('<review>').argument('<agent>'));
    if (outcome === 'reduce')
      command.option('--scope <scope...>', 'what it keeps').option('--server <id...>', 'what it keeps');
    if (outcome === 'reassign') command.requiredOption('--to <person>', 'the new owner');
    command
      .addHelpText(
        'after',
        `\nExample:\n  interlock reviews ${outcome} r-1a2b3c4d5e sorter${more} --reason "looked at it"`,
      )
      .action(
        act((context, [id = '', agent = ''], options: DecideOptions) =>
          decide(context, { id, agent, outcome }, options),
        ),
      );
  }
}

async function list(context: Context): Promise<void> {
  const reviews = await everyItem<Review>(await gateway(context), '/v1/reviews');
  context.terminal.value({ reviews });
  if (reviews.length === 0) return context.terminal.line('no reviews');
  context.terminal.table(
    ['review', 'name', 'state', 'due', 'waiting'],
    reviews.map(({ id, name, state, dueAtMs, progress }) => [id, name, state, isoTime(dueAtMs), progress.waiting]),
  );
}

async function show(context: Context, id: string, options: { mine?: boolean; by?: string }): Promise<void> {
  const only = options.mine === true ? { waiting: true, reviewer: operatorName(options.by) } : {};
  const client = await gateway(context);
  const path = `/v1/reviews/${encodeURIComponent(id)}`;
  const review = await client.get<Review>(path);
  const items = await everyItem<Item>(client, `${path}/items${query(only)}`);
  context.terminal.value({ review, items });
  context.terminal.table(
    ['agent', 'outcome', 'by', 'reason'],
    items.map(({ agent, decision }) => [
      agent,
      decision?.outcome ?? { text: 'waits', tone: 'warn' },
      decision?.by ?? null,
      decision?.reason ?? null,
    ]),
  );
}

async function create(context: Context, name: string, options: CreateOptions): Promise<void> {
  const { owner, department, risk: riskTier, reviewer: reviewers, excludeRequester, overdue } = options;
  const body = { name, dueAtMs: readTime(options.due), filter: { owner, department, riskTier }, reviewers };
  const client = await gateway(context, { long: true });
  const review = await client.post<Review>('/v1/reviews', { ...body, excludeRequester, overdue, ...who(options) });
  context.terminal.value(review);
  context.terminal.line(`the review ${review.id} is open until ${isoTime(review.dueAtMs)}`, 'good');
}

async function decide(
  context: Context,
  { id, agent, outcome }: { readonly id: string; readonly agent: string; readonly outcome: string },
  options: DecideOptions,
): Promise<void> {
  const { scope: scopes, server: servers, to } = options;
  const path = `/v1/reviews/${encodeURIComponent(id)}/items/${encodeURIComponent(agent)}`;
  const item = await (await gateway(context)).post<Item>(path, { outcome, scopes, servers, to, ...who(options) });
  context.terminal.value(item);
  context.terminal.line(`${agent}: ${outcome}`, 'good');
}

async function close(context: Context, id: string, options: WhoOptions): Promise<void> {
  const client = await gateway(context, { long: true });
  const review = await client.post<Review>(`/v1/reviews/${encodeURIComponent(id)}/close`, who(options));
  context.terminal.value(review);
  const summary = Object.entries(review.summary ?? {}).map(([outcome, count]) => `${outcome} ${count}`);
  context.terminal.line(`closed: ${summary.join(', ')}`, 'good');
}
