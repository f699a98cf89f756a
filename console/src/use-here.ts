import { useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useRef } from 'react';

/** Whether what asked is still on the page. Answers come when they come. */
export function useHere(): () => boolean {
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);
  return useCallback(() => here.current, []);
}

/** To where an answer leads; whoever has gone elsewhere meanwhile stays there. */
export function useLeadOn(): ReturnType<typeof useNavigate> {
  const navigate = useNavigate();
  const isHere = useHere();
  return useCallback(
    ((where: never) => (isHere() ? navigate(where) : Promise.resolve())) as ReturnType<typeof useNavigate>,
    [navigate, isHere],
  );
}
