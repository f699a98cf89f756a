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
import { Bot, UserRound } from 'lucide-react';
import { type CSSProperties, memo, useMemo } from 'react';
import type { CallView } from '../../../../src/model/insight/records.ts';
import { cn } from '../../kit/cn.ts';
import { useFitted, Zoom } from '../../kit/flow.tsx';
import { visible } from '../../kit/text.tsx';
import { STAND_FILL, StandBadge } from '../../record/stand.tsx';
import { nameOfCall, standOf } from '../../record/words.ts';
import { useTheme } from '../../shell/theme.ts';
import { type StoryEdge, type StoryNode, storyGraph } from './graph-layout.ts';
import type { Story } from './story.ts';

interface GraphProps {
  readonly calls: readonly CallView[];
  readonly links: Story['links'];
  readonly at: string | null;
  readonly onChoose: (call: string) => void;
}

type Drawn = Node<{ readonly node: StoryNode; readonly current: boolean }, 'story'>;

const FIT = { maxZoom: 1, minZoom: 0.35 };
const TYPES = { story: memo(StoryNodeBox) };

const EDGE_LOOK: Readonly<Record<StoryEdge['kind'], { color: string; label?: string; dashed?: boolean }>> = {
  'acts-for': { color: 'var(--edge)', dashed: true },
  calls: { color: 'var(--edge)' },
  delegated: { color: 'var(--accent)', label: 'handed on' },
  data: { color: 'var(--warn)', label: 'data' },
  approval: { color: 'var(--good)', label: 'approval', dashed: true },
};

/** What led to what. The list of calls beside it says the same to those who cannot see it. */
export function StoryGraphView({ calls, links, at, onChoose }: GraphProps) {
  const theme = useTheme();
  const { nodes, edges, leftOut } = useMemo(() => storyGraph(calls, links), [calls, links]);
  const drawn = useMemo(
    () =>
      nodes.map(
        (node): Drawn => ({
          id: node.id,
          type: 'story',
          position: { x: node.x, y: node.y },
          data: { node, current: node.kind === 'call' && node.call.call === at },
          draggable: false,
          connectable: false,
          ariaLabel: labelOf(node),
        }),
      ),
    [nodes, at],
  );
  const lines = useMemo(() => edges.map(edgeOf), [edges]);
  const { box, onInit } = useFitted<Drawn>(nodes, FIT);
  return (
    <div>
      <div
        ref={box}
        className="h-[30rem] w-full"
        role="group"
        aria-label={`Graph of ${calls.length} calls, from cause to effect`}
      >
        <ReactFlow
          nodes={drawn}
          edges={lines}
          nodeTypes={TYPES}
          colorMode={theme}
          fitView
          fitViewOptions={FIT}
          onInit={onInit}
          minZoom={0.1}
          nodesDraggable={false}
          nodesConnectable={false}
          edgesFocusable={false}
          deleteKeyCode={null}
          onNodeClick={(_event, { data }) => data.node.kind === 'call' && onChoose(data.node.call.call)}
          proOptions={{ hideAttribution: true }}
          style={{ '--xy-background-color': 'transparent' } as CSSProperties}
        >
          <Background gap={20} color="var(--line)" />
          <Zoom />
        </ReactFlow>
      </div>
      <Legend leftOut={leftOut} />
    </div>
  );
}

function edgeOf({ from, to, kind }: StoryEdge): Edge {
  const { color, label, dashed } = EDGE_LOOK[kind];
  return {
    id: `${from} ${to} ${kind}`,
    source: from,
    target: to,
    style: {
      stroke: color,
      strokeWidth: label === undefined ? 1.25 : 1.75,
      ...(dashed === true ? { strokeDasharray: '5 4' } : {}),
    },
    markerEnd: { type: MarkerType.ArrowClosed, color, width: 16, height: 16 },
  };
}

function labelOf(node: StoryNode): string {
  if (node.kind === 'call') return `${visible(nameOfCall(node.call))} by ${visible(node.call.agent)}`;
  return node.kind === 'agent' ? `Agent ${visible(node.agent)}` : `Person ${visible(node.person)}`;
}

function StoryNodeBox({ data: { node, current } }: NodeProps<Drawn>) {
  return (
    <>
      <Handle type="target" position={Position.Left} className="opacity-0!" />
      {node.kind === 'call' ? <CallBox call={node.call} current={current} /> : <ActorBox node={node} />}
      <Handle type="source" position={Position.Right} className="opacity-0!" />
    </>
  );
}

function CallBox({ call, current }: { call: CallView; current: boolean }) {
  const stand = standOf(call);
  return (
    <div
      className={cn(
        'flex h-[58px] w-[230px] cursor-pointer flex-col justify-center gap-0.5 rounded-lg border bg-card px-2.5 text-left text-[13px] text-ink shadow-card',
        STAND_FILL[stand],
        current && 'ring-2 ring-accent',
      )}
    >
      <span className="truncate font-medium">{visible(nameOfCall(call))}</span>
      <span className="flex items-center gap-1.5 text-xs text-soft">
        <StandBadge of={stand} /> <span className="truncate">{visible(call.agent)}</span>
      </span>
    </div>
  );
}

function ActorBox({ node }: { node: Exclude<StoryNode, { kind: 'call' }> }) {
  const [Icon, text] = node.kind === 'agent' ? [Bot, node.agent] : [UserRound, node.person];
  return (
    <div
      className={cn(
        'flex h-[44px] items-center gap-2 rounded-full border bg-card px-3.5 text-[13px] font-medium text-ink shadow-card',
        node.kind === 'agent' ? 'w-[160px]' : 'w-[150px]',
      )}
    >
      <Icon className="size-4 shrink-0 text-soft" aria-hidden /> <span className="truncate">{visible(text)}</span>
    </div>
  );
}

function Legend({ leftOut }: { leftOut: number }) {
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 border-t px-4 py-2 text-xs text-soft">
      {(['delegated', 'data', 'approval'] as const).map((kind) => (
        <span key={kind} className="inline-flex items-center gap-1.5">
          <span
            aria-hidden
            className="inline-block w-5 border-t-2"
            style={{ borderColor: EDGE_LOOK[kind].color, borderStyle: EDGE_LOOK[kind].dashed ? 'dashed' : 'solid' }}
          />
          {kind === 'delegated'
            ? 'handed on to another agent'
            : kind === 'data'
              ? 'a value of one result is an argument of the next'
              : 'went on with the answer of people'}
        </span>
      ))}
      {leftOut > 0 && <span>{leftOut} more calls are not drawn: filter to see them.</span>}
    </p>
  );
}
