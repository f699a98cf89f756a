import type { Directory } from '../../identity/directory.ts';
import type { Acting, Caller, KeptCaller } from '../../model/caller.ts';
import type { Task } from '../../model/task.ts';

/** A caller by ids, as they are known now. `null`: somebody of them is not there any more, or a task is gone. */
export function recall(directory: Directory, kept: KeptCaller): Caller | null {
  const { agent, through, tasks, ...rest } = kept;
  const acting = [agent, ...through].map((id) => actingOf(directory, id));
  const [first, ...others] = acting;
  const person = kept.subject === null ? null : directory.person(kept.subject);
  const bound = tasks.map((id) => directory.task(id));
  if (first === undefined || acting.includes(null) || person === undefined || bound.includes(undefined)) return null;
  return {
    ...rest,
    ...(first as Acting),
    approved: null,
    person,
    through: others as readonly Acting[],
    tasks: bound as readonly Task[],
  };
}

function actingOf(directory: Directory, id: string): Acting | null {
  const agent = directory.agent(id);
  return agent === undefined ? null : { agent, owner: directory.person(agent.owner) ?? null };
}
