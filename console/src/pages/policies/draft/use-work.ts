import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { PolicyCheck, PolicyDraft, PolicyFile } from '../../../../../src/model/insight/policies.ts';
import { ApiProblem, get, post } from '../../../api/client.ts';
import { useChange, useGet } from '../../../api/hooks.ts';
import { isDirty, type Work, workOf } from './work.ts';

const LOOK_EVERY_MS = 10_000;
const CHECK_AFTER_MS = 400;

export interface Working {
  readonly saved: PolicyDraft;
  readonly work: Work;
  readonly dirty: boolean;
  readonly saving: boolean;
  readonly change: (work: Work) => void;
  readonly save: () => void;
  readonly error: unknown;
  /** What somebody else saved while this was being changed; `null`: nobody did. */
  readonly theirs: PolicyDraft | null;
  /** Theirs instead of mine. */
  readonly takeTheirs: () => void;
  /** Mine, on top of theirs. */
  readonly saveOver: () => void;
}

/** A draft, what is made of it here, and what others make of it meanwhile. Saved by compare-and-set on its revision. */
export function useWork(draft: PolicyDraft): Working {
  const newest = useGet<PolicyDraft>(pathOf(draft.id), { everyMs: LOOK_EVERY_MS }).data ?? draft;
  const [saved, setSaved] = useState(draft);
  const [work, setWork] = useState(() => workOf(draft));
  const [found, setFound] = useState<PolicyDraft | null>(null);
  const dirty = isDirty(work, saved);
  const takeOver = (next: PolicyDraft): void => {
    setSaved(next);
    setWork(workOf(next));
    setFound(null);
  };
  // Whoever changed nothing sees what others saved.
  useEffect(() => {
    if (newest.revision <= saved.revision && newest.state === saved.state) return;
    if (dirty) setFound(newest);
    else takeOver(newest);
  }, [newest, saved, dirty]);
  // What was typed while it was being saved is not saved yet.
  const sent = useRef(work);
  const saver = useChange<PolicyDraft>({
    done: 'Saved',
    onDone(answer) {
      setSaved(answer);
      setFound(null);
      setWork((now) => (now === sent.current ? workOf(answer) : now));
    },
  });
  const send = (revision: number): void => {
    sent.current = work;
    const { title, base, files } = work;
    saver.mutate(
      { method: 'PUT', path: pathOf(draft.id), body: { revision, title, base, files } },
      {
        onError(error) {
          if (error instanceof ApiProblem && error.code === 'stale-revision')
            void get<PolicyDraft>(pathOf(draft.id)).then(setFound, () => {});
        },
      },
    );
  };
  const error = saver.error instanceof ApiProblem && saver.error.code === 'stale-revision' ? null : saver.error;
  return {
    ...{ saved, work, dirty, error, theirs: found, saving: saver.isPending, change: setWork },
    save() {
      if (dirty && !saver.isPending) send(saved.revision);
    },
    takeTheirs() {
      if (found !== null) takeOver(found);
      saver.reset();
    },
    saveOver() {
      if (found !== null) send(found.revision);
    },
  };
}

function pathOf(id: string): string {
  return `/v1/policies/drafts/${encodeURIComponent(id)}`;
}

/**
 * What a publication would find wrong with these files, once nobody types for a moment. `current`: it is of exactly these; `settled`: those
 * of the last such moment.
 */
export function useCheck(files: readonly PolicyFile[], enabled: boolean) {
  const [settled, setSettled] = useState(files);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(files), CHECK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [files]);
  const key = useMemo(() => JSON.stringify(settled), [settled]);
  const asked = useQuery({
    queryKey: ['policy-check', key],
    queryFn: () => post<PolicyCheck>('/v1/policies/check', { files: settled }),
    enabled,
    placeholderData: (before) => before,
    staleTime: 60_000,
    gcTime: 60_000,
    // Of the same files the answer is the same; who comes back from another tab is not kept waiting for it.
    refetchOnWindowFocus: false,
  });
  const current = settled === files && !asked.isPlaceholderData && !asked.isFetching;
  return { check: asked.data, current, error: asked.error, settled };
}
