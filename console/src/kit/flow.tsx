import { Controls, type FitViewOptions, type Node, type ReactFlowInstance } from '@xyflow/react';
import { type RefObject, useEffect, useRef, useState } from 'react';

/** All of a graph in sight: at first, when it is `another` one, and when the place for it changes. */
export function useFitted<N extends Node>(
  another: unknown,
  options: FitViewOptions<N>,
): { readonly box: RefObject<HTMLDivElement | null>; readonly onInit: (flow: ReactFlowInstance<N>) => void } {
  const [flow, setFlow] = useState<ReactFlowInstance<N> | null>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const at = box.current;
    if (at === null || flow === null) return;
    const sizes = new ResizeObserver(() => void flow.fitView(options));
    sizes.observe(at);
    return () => sizes.disconnect();
  }, [flow, another, options]);
  return { box, onInit: setFlow };
}

/** Nearer, farther, all of it; in the colours of the page. */
export function Zoom() {
  return (
    <Controls
      showInteractive={false}
      className="overflow-hidden rounded-lg border bg-card shadow-card [&_button]:border-line! [&_button]:bg-card! [&_button]:text-ink! [&_button:hover]:bg-sunk!"
    />
  );
}
