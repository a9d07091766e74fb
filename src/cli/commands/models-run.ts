import { realpathSync } from 'node:fs';
import { counted, LatchkeyError, quote } from '../../kit/index.ts';
import {
  loadModelSettings,
  type ModelServerSettings,
  type ModelsSection,
  type Registration,
  registerModelServer,
  type ServedModelServer,
  type ServeOptions,
  serveModelServer,
} from '../../remote/index.ts';
import type { Command, Invocation } from './command.ts';
import { type OpenModelHost, openModelHost, withGivenJob } from './models-host.ts';
import { modelsDirectory } from './models-place.ts';
import { networkMode } from './models-settings.ts';

/** `latchkey models run [-- COMMAND…]`: a model server, until it is asked to end. */
export const modelsRun: Command = async (invocation) => {
  const { given, context, note } = invocation;
  const { settings, findings } = await loadModelSettings({
    file: given.text('config'),
    mode: networkMode(given.text('mode') ?? '0'),
    given: await withGivenJob(invocation, sectionOf(invocation)),
    directory: modelsDirectory(invocation),
    env: context.env,
  });
  for (const { message, index } of findings)
    note(`! ${index === undefined ? '' : `line ${index}: `}${message}`);
  // From here on there is something to be ended in order.
  const interrupted = signalled();
  const ourselves = [process.execPath, realpathSync(process.argv[1] ?? ''), 'models'];
  const classRuntime = [...ourselves, 'serve'];
  const away = await openModelHost(invocation, settings, classRuntime);
  const served = await serveOrClose(away, settings, {
    ...{ classRuntime, warden: [...ourselves, 'warden'], host: away?.host },
    onEvent: ({ event, job, text }) =>
      note([event, job, text].filter((word) => word !== undefined).join('  ')),
  });
  let registration: Registration | undefined;
  try {
    registration = await registerModelServer(settings, served.uri, (error) =>
      note(error instanceof Error ? `! not registered: ${error.message}` : 'registered again'),
    );
  } catch (error) {
    await served.close('leave');
    await away?.close();
    throw error;
  }
  note(`${settings.name} is ready: ${served.uri}`);
  note(`at most ${counted(settings.limits.maxJobs, 'job')}, in ${settings.directory}`);
  const fate = await Promise.race([served.asked, interrupted.wait]);
  interrupted.release();
  const jobs = served.server.jobs.length;
  try {
    await registration?.close();
  } finally {
    try {
      await served.close(fate);
    } finally {
      await away?.close();
    }
  }
  return { json: { name: settings.name, jobs }, lines: [`${settings.name} has ended`] };
};

async function serveOrClose(
  away: OpenModelHost | undefined,
  settings: ModelServerSettings,
  options: ServeOptions,
): Promise<ServedModelServer> {
  try {
    return await serveModelServer(settings, options);
  } catch (error) {
    await away?.host.close?.();
    await away?.close();
    throw error;
  }
}

function sectionOf({ given }: Invocation): ModelsSection {
  const maxJobs = given.text('max-jobs');
  if (maxJobs !== undefined && !/^[1-9]\d{0,3}$/.test(maxJobs))
    throw new LatchkeyError('cli/usage', `--max-jobs takes a number from 1 to 9999, not ${quote(maxJobs)}`);
  const text = (option: string, key: string) => {
    const value = given.text(option);
    return value === undefined ? {} : { [key]: value };
  };
  return {
    ...text('class', 'class'),
    ...text('name', 'name'),
    ...text('listen', 'listen'),
    ...text('ns', 'registry'),
    ...text('key-file', 'key_file'),
    ...text('host', 'host'),
    ...text('proxy', 'proxy'),
    ...text('token', 'token'),
    ...(given.text('directory') === undefined ? {} : { directory: given.text('directory') ?? '' }),
    ...(maxJobs === undefined ? {} : { max_jobs: Number(maxJobs) }),
    ...(given.arguments.length === 0 ? {} : { command: [...given.arguments] }),
  };
}

function signalled(): { readonly wait: Promise<'end'>; release(): void } {
  let end = (): void => {};
  const wait = new Promise<'end'>((resolve) => {
    end = () => resolve('end');
  });
  process.on('SIGINT', end).on('SIGTERM', end);
  return { wait, release: () => void process.off('SIGINT', end).off('SIGTERM', end) };
}
