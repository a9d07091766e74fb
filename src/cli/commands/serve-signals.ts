import type { RunningMonitor, RunningServer } from '../../daemon/index.ts';
import type { Invocation } from './command.ts';

/** The signals of a server from the first moment on: one that comes early must not end it with half a sentence. */
export interface Signals {
  /** Settles with the first signal that asks for the end. */
  readonly stopped: Promise<NodeJS.Signals>;
  /** From now on HUP reads the configuration again; before, it is only remembered. */
  serving(server: Pick<RunningServer, 'reload'>): void;
  /** … and has the monitor look at its directory. */
  watching(monitor: RunningMonitor | undefined): void;
}

/** Takes the signals over; to be called before anything is made. */
export function catchSignals({ context, note }: Invocation): Signals {
  let server: Pick<RunningServer, 'reload'> | undefined;
  let monitor: RunningMonitor | undefined;
  let isReloadWanted = false;
  const reload = (): void => {
    isReloadWanted = server === undefined;
    monitor?.wake();
    server?.reload().then(
      () => note('latchkey: configuration read again'),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        context.err(`latchkey: the old configuration stays in force: ${message}\n`);
      },
    );
  };
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    const stop = (name: NodeJS.Signals): void => {
      // Nothing is served yet, or somebody is impatient: every file is whole at any moment.
      if (server === undefined) process.exit(130);
      server = undefined;
      resolve(name);
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
  process.on('SIGHUP', reload);
  return {
    stopped,
    serving: (running) => {
      server = running;
      if (isReloadWanted) reload();
    },
    watching: (running) => {
      monitor = running;
    },
  };
}
