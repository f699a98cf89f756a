import {
  Background,
  type Edge,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { useNavigate } from '@tanstack/react-router';
import { Bot, Server, UserRound, Wrench } from 'lucide-react';
import { type CSSProperties, useMemo } from 'react';
import type { Graph, GraphNode } from '../../../../../src/model/insight/agents.ts';
import { cn } from '../../../kit/cn.ts';
import { useFitted, Zoom } from '../../../kit/flow.tsx';
import { visible } from '../../../kit/text.tsx';
import { useTheme } from '../../../shell/theme.ts';
import { drawnEdges, heightOf, hrefOf, layout, NODE, type Placed } from './layout.ts';

type Shown = Node<{ readonly node: GraphNode; readonly here: boolean }, 'thing'>;

const ICONS = { agent: Bot, server: Server, tool: Wrench, person: UserRound } as const;
const TONES: Readonly<Record<GraphNode['tone'], string>> = {
  plain: 'border-edge/60',
  good: 'border-good-line',
  warn: 'border-warn',
  bad: 'border-bad',
};

function Thing({ data: { node, here } }: NodeProps<Shown>) {
  const Icon = ICONS[node.kind];
  return (
    <div
      className={cn(
        'flex items-center gap-2.5 rounded-lg border bg-card px-3 text-ink shadow-card',
        TONES[node.tone],
        here && 'border-2 border-accent',
      )}
      style={{ width: NODE.width, height: NODE.height }}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} className="opacity-0" />
      <Icon className="size-4 shrink-0 text-soft" aria-hidden />
      <span className="min-w-0 leading-tight">
        <span className="block truncate text-[13px] font-medium" title={visible(node.label)}>
          {visible(node.label)}
        </span>
        {node.note !== null && <span className="block truncate text-xs text-soft">{visible(node.note)}</span>}
      </span>
      <Handle type="source" position={Position.Right} isConnectable={false} className="opacity-0" />
    </div>
  );
}

const KINDS = { thing: Thing };
const LINES: Readonly<Record<Graph['edges'][number]['kind'], { readonly color: string; readonly dash?: string }>> = {
  owns: { color: 'var(--edge)', dash: '2 4' },
  'acts-for': { color: 'var(--edge)', dash: '2 4' },
  'may-call': { color: 'var(--good)' },
  calls: { color: 'var(--accent)' },
  asks: { color: 'var(--warn)', dash: '6 3' },
  delegates: { color: 'var(--accent)', dash: '6 3' },
  offers: { color: 'var(--edge)' },
};

/** Who is connected to what, as a picture: moved with the mouse or the keys, each node a way to its page. */
export function GraphView({ graph, here, least }: { graph: Graph; here: string | null; least: number }) {
  const navigate = useNavigate();
  const theme = useTheme();
  const placed = useMemo(() => layout(graph), [graph]);
  const nodes = useMemo(() => nodesOf(graph, placed, here), [graph, placed, here]);
  const edges = useMemo(() => edgesOf(graph), [graph]);
  const { box, onInit } = useFitted<Shown>(nodes, FIT);
  const open = (id: string): void => {
    const page = hrefOf(id);
    if (page !== null && id !== here) void navigate({ to: page.to, params: { id: page.id } as never });
  };
  return (
    <div
      ref={box}
      style={{ height: heightOf(placed, { least, most: MOST_PX }) }}
      onKeyDown={(event) => {
        const id = (event.target as HTMLElement).closest('.react-flow__node')?.getAttribute('data-id');
        if (event.key === 'Enter' && id) open(id);
      }}
    >
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={KINDS}
        colorMode={theme}
        onInit={onInit}
        fitView
        fitViewOptions={FIT}
        minZoom={0.05}
        maxZoom={1.6}
        nodesConnectable={false}
        onNodeClick={(_event, { id }) => open(id)}
        preventScrolling={false}
        zoomOnScroll={false}
        proOptions={{ hideAttribution: true }}
        style={{ '--xy-background-color': 'var(--card)' } as CSSProperties}
        aria-label="Graph of connections. The same is there as a table."
      >
        <Background color="var(--line)" gap={20} />
        <Zoom />
      </ReactFlow>
    </div>
  );
}

const FIT = { padding: 0.06, maxZoom: 1 };
const MOST_PX = 1_100;

function nodesOf(graph: Graph, placed: readonly Placed[], here: string | null): Shown[] {
  const at = new Map(placed.map((each) => [each.id, each]));
  return graph.nodes.map((node) => ({
    id: node.id,
    type: 'thing',
    position: { x: at.get(node.id)!.x, y: at.get(node.id)!.y },
    data: { node, here: node.id === here },
    draggable: false,
    ariaLabel: `${node.kind} ${node.label}${node.note === null ? '' : `, ${node.note}`}`,
  }));
}

function edgesOf(graph: Graph): Edge[] {
  return drawnEdges(graph.edges).map(({ from, to, kind, back, words }) => {
    const { color, dash } = LINES[kind];
    const marker = { type: MarkerType.ArrowClosed, color, width: 14, height: 14 };
    return {
      id: `${from} ${to}`,
      source: from,
      target: to,
      style: { stroke: color, strokeWidth: 1.5, ...(dash === undefined ? {} : { strokeDasharray: dash }) },
      ...(back ? { markerStart: { ...marker, orient: 'auto-start-reverse' } } : { markerEnd: marker }),
      focusable: false,
      ariaLabel: words,
    };
  });
}
