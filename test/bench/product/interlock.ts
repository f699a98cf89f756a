import { type Target, Unavailable } from '../targets/target.ts';

export type BenchUpstream = { readonly url: string } | { readonly command: string; readonly args: readonly string[] };

export function interlock(name: string, upstream: Target['upstream'], _server: BenchUpstream): Target {
  return { name, upstream, start: () => Promise.reject(new Unavailable('src/main.ts is not there')) };
}
