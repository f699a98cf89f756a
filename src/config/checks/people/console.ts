import type { ConfigFile } from '../../schema.ts';
import { didYouMean, type Finding } from '../../source/problem.ts';

/** Who is not in the file may still come from an identity provider: a warning, never an error. Pure. */
export function warnConsole({ console: raw, people = {} }: ConfigFile): Finding[] {
  const ids = Object.keys(people);
  const groups = [...new Set(Object.values(people).flatMap((person) => person.groups ?? []))];
  return Object.entries(raw?.roles ?? {}).flatMap(([role, holders]) =>
    holders.flatMap((holder, i): Finding[] => {
      const at = holder.indexOf(':');
      const [kind, name] = [holder.slice(0, at), holder.slice(at + 1)];
      const [known, what] = kind === 'person' ? [ids, 'person'] : [groups, 'group'];
      if (known.includes(name)) return [];
      const help = `${didYouMean(name, known)}; ignore this if an identity provider brings them`;
      const path = ['console', 'roles', role, i];
      return [{ path, at: 'value', message: `no ${what} "${name}" is in this file`, help }];
    }),
  );
}
