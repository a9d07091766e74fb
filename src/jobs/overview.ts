import type { JobFacts } from './job-facts.ts';
import { formatJobId } from './job-id.ts';
import { stateOfArray } from './job-state.ts';
import { byJob } from './judge.ts';
import { runCommand, type Workplace } from './workplace.ts';

/** The user's jobs at a scheduler, ours or not, by the scheduler's ids. */
export async function listThere(place: Workplace): Promise<readonly string[]> {
  return place.system.parseList(await runCommand(place, place.system.list()));
}

/** The same as whole ids with their states, in two questions. */
export async function overviewThere(
  place: Workplace,
  service: string,
): Promise<readonly { readonly id: string; readonly facts: JobFacts }[]> {
  const { system } = place;
  const natives = await listThere(place);
  const told = natives.length === 0 ? [] : system.parseQuery(await runCommand(place, system.query(natives)));
  const answers = byJob(told);
  return natives.map((native) => {
    const answer = answers.get(native);
    const id = formatJobId({ service, native });
    const states = new Set([...(answer?.values() ?? [])].map(({ state }) => state));
    const [first] = answer?.values() ?? [];
    if (first !== undefined && states.size === 1) {
      const { id: _id, tasks: _tasks, ...facts } = first;
      return { id, facts };
    }
    return { id, facts: { state: stateOfArray(states) } };
  });
}
