import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { FinishedCall } from '../../gateway/gateway.ts';

export interface Traces {
  finished(call: FinishedCall): void;
  close(): Promise<void>;
}

const OFF: Traces = { finished: () => {}, close: async () => {} };

/**
 * OpenTelemetry traces over OTLP/HTTP; off unless an endpoint is configured, and then loaded only. Names follow the semantic
 * conventions for MCP and generative AI. A span is made after the call: the path pays nothing while it runs.
 */
export async function openTraces(otlpEndpoint: string | null): Promise<Traces> {
  if (otlpEndpoint === null) return OFF;
  const [{ BatchSpanProcessor, TracerProvider }, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all(
    [
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ],
  );
  const url = otlpEndpoint.endsWith('/v1/traces') ? otlpEndpoint : `${otlpEndpoint.replace(/\/$/, '')}/v1/traces`;
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'interlock' }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })],
  });
  const tracer = provider.getTracer('interlock');
  return { finished: (call) => span(tracer, call), close: () => provider.shutdown() };
}

function span(tracer: Tracer, call: FinishedCall): void {
  const tool = call.action === 'tools/call' && call.target !== null;
  const attributes = {
    'mcp.method.name': call.action,
    'gen_ai.agent.id': call.agent,
    'server.address': call.server,
    'interlock.call': call.call,
    'interlock.effect': call.effect,
    'interlock.code': call.code,
    ...(call.session === null ? {} : { 'mcp.session.id': call.session }),
    ...(tool ? { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': call.target as string } : {}),
  };
  const name = call.target === null ? call.action : `${call.action} ${call.target}`;
  const made = tracer.startSpan(name, { kind: SpanKind.SERVER, startTime: call.startedMs, attributes }, parentOf(call));
  if (call.effect === 'deny') made.setStatus({ code: SpanStatusCode.ERROR, message: call.code });
  made.end(call.startedMs + call.totalUs / 1000);
}

function parentOf(call: FinishedCall): ReturnType<typeof context.active> {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(call.traceparent ?? '');
  if (match === null) return ROOT_CONTEXT;
  const [, traceId, spanId, flags] = match as unknown as [string, string, string, string];
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
}
