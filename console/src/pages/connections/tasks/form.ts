/** What somebody types to declare a task. */
export interface TaskForm {
  readonly agent: string;
  readonly purpose: string;
  /** `server/tool` or `server/*`, separated by blanks, commas or lines. */
  readonly tools: string;
  /** The most confidential class it may touch. Empty: any. */
  readonly upTo: '' | (typeof CLASSES)[number];
  readonly maxCalls: string;
  readonly maxAmount: string;
  readonly hours: string;
}

export const CLASSES = ['public', 'internal', 'confidential', 'restricted'] as const;

export const EMPTY: TaskForm = {
  agent: '',
  purpose: '',
  tools: '',
  upTo: '',
  maxCalls: '',
  maxAmount: '',
  hours: '1',
};

/** As the gateway takes them. */
const TOOL = /^[a-z][a-z0-9-]{0,31}\/(\*|[^\s*]{1,256})$/;
const MAX_CALLS = 1_000_000_000;
const AMOUNT_UNITS = 10_000;
const HOUR_MS = 3_600_000;

export type Problems = Partial<Record<keyof TaskForm, string>>;

/** What is sent, or what is wrong with which field. Pure. */
export function taskOf(form: TaskForm, nowMs: number): { readonly body: object } | { readonly problems: Problems } {
  const problems: { -readonly [name in keyof TaskForm]?: string } = {};
  const agent = form.agent.trim();
  const purpose = form.purpose.trim();
  if (agent === '') problems.agent = 'Say which agent it is for.';
  if (purpose === '') problems.purpose = 'Say what it is for.';
  const tools = [...new Set(form.tools.split(/[\s,]+/).filter((tool) => tool !== ''))];
  const wrong = tools.find((tool) => !TOOL.test(tool));
  if (tools.length === 0) problems.tools = 'Name at least one.';
  if (wrong !== undefined)
    problems.tools = `"${wrong}" is no tool: write server/tool, or server/* for all of a server.`;
  const maxCalls = form.maxCalls.trim() === '' ? null : Number(form.maxCalls);
  if (maxCalls !== null && !(Number.isInteger(maxCalls) && maxCalls >= 1 && maxCalls <= MAX_CALLS))
    problems.maxCalls = 'A whole number from 1.';
  const amount = form.maxAmount.trim();
  if (amount !== '' && !/^\d{1,11}([.,]\d{1,4})?$/.test(amount)) problems.maxAmount = 'A number such as 250 or 99.50.';
  if (Object.keys(problems).length > 0) return { problems };
  return {
    body: {
      ...{ agent, purpose, tools, maxCalls },
      dataClasses: form.upTo === '' ? null : CLASSES.slice(0, CLASSES.indexOf(form.upTo) + 1),
      maxAmount: amount === '' ? null : Math.round(Number(amount.replace(',', '.')) * AMOUNT_UNITS),
      notAfterMs: nowMs + Number(form.hours) * HOUR_MS,
    },
  };
}
