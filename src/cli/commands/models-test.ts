import { userInfo } from 'node:os';
import { LatchkeyError, Secret } from '../../kit/index.ts';
import { connectObject, type PyroDict, parseObjectUri } from '../../pyro/index.ts';
import { modelAccess } from '../../remote/index.ts';
import type { Command } from './command.ts';
import { withModels } from './models-place.ts';

/** `latchkey models test [-d]`: allocates a job, shakes hands with it, and ends it, whatever happens in between. */
export const modelsTest: Command = (invocation) =>
  withModels(invocation, async (server) => {
    const begun = performance.now();
    const say = (text: string) => {
      if (invocation.given.flag('debug')) invocation.note(`${elapsed(begun)}  ${text}`);
    };
    say(`${await server.call('getApplicationSignature')} answers`);
    const job = (await server.call('allocate', [], { kwargs: { user: userInfo().username } })) as PyroDict;
    const jobID = String(job.jobID);
    say(`${jobID} is there: ${job.uri}`);
    try {
      const uri = String(job.uri);
      if ('path' in parseObjectUri(uri).location && invocation.given.text('uri') !== undefined)
        throw new LatchkeyError('cli/usage', `${jobID} listens on a socket of the server's machine`, {
          hint: 'run this there, or let jobs listen on TCP: job_listen in [models]',
        });
      const protection = job.protection === 'token' ? 'token' : 'hmac';
      const model = await connectObject(uri, modelAccess(protection, new Secret(String(job.key))));
      say(`it answers, and has ${model.methods.join(', ')}`);
      await model.close();
    } finally {
      await server.call('terminateJob', [jobID]);
      say(`${jobID} has ended`);
    }
    const seconds = (performance.now() - begun) / 1000;
    return { json: { job: jobID, seconds }, lines: [`Test OK: ${jobID} in ${seconds.toFixed(2)} s`] };
  });

function elapsed(begun: number): string {
  return `${((performance.now() - begun) / 1000).toFixed(3)} s`;
}
