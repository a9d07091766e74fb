import { userInfo } from 'node:os';
import { Secret } from '../../kit/index.ts';
import type { PyroDict } from '../../pyro/index.ts';
import { awaitAllocation } from '../../remote/index.ts';
import type { Command } from './command.ts';
import { withModels } from './models-place.ts';
import type { ReachedModels } from './models-reach.ts';

/** `latchkey models test [-d]`: allocates a job, shakes hands with it, and ends it, whatever happens in between. */
export const modelsTest: Command = (invocation) =>
  withModels(invocation, async (models) => {
    const isDebugging = invocation.given.flag('debug');
    const { job, seconds } = await tryModels(models, (text) => isDebugging && invocation.note(text));
    return { json: { job, seconds }, lines: [`Test OK: ${job} in ${seconds.toFixed(2)} s`] };
  });

/** Allocates a job, shakes hands with it, and ends it, whatever happens in between. */
export async function tryModels(
  { server, connectJob }: ReachedModels,
  say: (text: string) => unknown,
): Promise<{ readonly job: string; readonly seconds: number }> {
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  const tell = (text: string) => say(`${seconds().toFixed(3)} s  ${text}`);
  tell(`${await server.call('getApplicationSignature')} answers`);
  const told = new Set<string>();
  const job = (await awaitAllocation(server, userInfo().username, {
    onWaiting: ({ job: waiting, state, batch, native }) => {
      const text = [`${waiting} is ${state}`, batch, native].filter((word) => word !== undefined).join(', ');
      if (!told.has(text)) tell(text);
      told.add(text);
    },
  })) as PyroDict;
  const jobID = String(job.jobID);
  tell(`${jobID} is there: ${job.uri}`);
  try {
    const protection = job.protection === 'token' ? 'token' : 'hmac';
    const model = await connectJob(String(job.uri), protection, new Secret(String(job.key)));
    tell(`it answers, and has ${model.object.methods.join(', ')}`);
    await model.close();
  } finally {
    await server.call('terminateJob', [jobID]);
    tell(`${jobID} has ended`);
  }
  return { job: jobID, seconds: seconds() };
}
