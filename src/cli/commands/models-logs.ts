import { LatchkeyError, quote } from '../../kit/index.ts';
import type { PyroValue } from '../../pyro/index.ts';
import type { Command } from './command.ts';
import { jobIdOf, withModels } from './models-place.ts';

/** `latchkey models logs JOB [-f]` */
export const modelsLogs: Command = (invocation) =>
  withModels(invocation, async ({ server }) => {
    const { given, context } = invocation;
    const id = await jobIdOf(server, given.argument(0));
    const count = given.text('lines') ?? '50';
    if (!/^\d{1,5}$/.test(count))
      throw new LatchkeyError('cli/usage', `--lines takes a number, not ${quote(count)}`);
    if (!given.flag('follow') || invocation.json) {
      const lines = ((await server.call('getJobLog', [id, Number(count)])) as readonly PyroValue[]).map(
        String,
      );
      return { json: { job: id, lines }, lines };
    }
    const ended = new AbortController();
    process.once('SIGINT', () => ended.abort());
    for await (const piece of server.iterate('followJobLog', [id], { signal: ended.signal }))
      context.out(String(piece));
    return { json: { job: id }, lines: [], raw: '' };
  });
