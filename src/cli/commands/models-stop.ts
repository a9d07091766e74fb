import { counted } from '../../kit/index.ts';
import type { Command } from './command.ts';
import { statusOf } from './models-jobs.ts';
import { jobIdOf, withModels } from './models-place.ts';

/** Jobs may take days. */
const A_LONG_TIME_MS = 2 ** 31 - 1;

/** `latchkey models drain [--no-wait | --resume]` */
export const modelsDrain: Command = (invocation) =>
  withModels(invocation, async ({ server }) => {
    const { given, note } = invocation;
    const { name } = await statusOf(server);
    if (given.flag('resume')) {
      await server.call('resume');
      return { json: { draining: false }, lines: [`${name} takes jobs again`] };
    }
    const left = Number(await server.call('drain', [false]));
    if (left === 0 || given.flag('no-wait'))
      return {
        json: { draining: true, jobs: left },
        lines: [`${name} takes no more jobs; ${left} ${left === 1 ? 'runs' : 'run'}`],
      };
    note(
      `${name} takes no more jobs; waiting for ${counted(left, 'job')}. Interrupted, it still takes none: drain --resume`,
    );
    await server.call('drain', [true], { timeoutMs: A_LONG_TIME_MS });
    return { json: { draining: true, jobs: 0 }, lines: [`${name} has no jobs any more`] };
  });

/** `latchkey models stop [JOB] [--force | --leave-jobs]` */
export const modelsStop: Command = (invocation) =>
  withModels(invocation, async ({ server }) => {
    const { given } = invocation;
    const [word] = given.arguments;
    if (word !== undefined) {
      const job = await jobIdOf(server, word);
      await server.call('terminateJob', [job]);
      return { json: { ended: job }, lines: [`${job} has ended`] };
    }
    const { name } = await statusOf(server);
    await server.call('terminate', [given.flag('force'), given.flag('leave-jobs')]);
    await server.closed.catch(() => {});
    return { json: { ended: name }, lines: [`${name} has ended`] };
  });
