import { TOOL } from '../upstreams/messages.ts';

/**
 * Policies of the size and kind an operator would write: one that permits the measured call, four forbids that are looked at in
 * every call, and the rest for other tools, which an index can leave out.
 */
export function benchPolicies(count: number): string {
  const general = [
    '@id("connect")\npermit (principal, action in Action::"connect", resource);',
    `@id("buy")
permit (principal == Agent::"bench", action == Action::"tools/call", resource == Tool::"orders/${TOOL.name}")
when {
  context has amount && context has currency && context.currency == "EUR" &&
  context.amount.lessThan(decimal("400.00"))
};`,
    ...FORBIDS,
  ];
  const others = Array.from({ length: Math.max(0, count - general.length) }, (_, n) => otherTool(n));
  return `${[...general, ...others].join('\n\n')}\n`;
}

const FORBIDS = [
  `@id("too-much")
forbid (principal, action == Action::"tools/call", resource)
when { context has amount && context.amount.greaterThan(decimal("10000.00")) };`,
  `@id("nothing-leaves-after-untrusted-text")
forbid (principal, action == Action::"tools/call", resource)
when { resource.effect == "external" && context.session.readUntrusted };`,
  `@id("watched-agents-only-read")
forbid (principal, action in Action::"use", resource is Tool)
when { context.watched && resource.effect != "read" };`,
  `@id("no-credentials")
forbid (principal, action in Action::"use", resource is Tool)
when { resource.effect == "credential" };`,
];

function otherTool(n: number): string {
  return `@id("tool-${n}")
permit (principal == Agent::"bench", action == Action::"tools/call", resource == Tool::"orders/tool-${n}")
when { context has quantity && context.quantity < ${100 + n} };`;
}
