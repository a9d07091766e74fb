import { constants } from 'node:os';

/** Whether somebody has told this process to end, and how. */
export interface Interrupts {
  /** Aborted by the first of them. */
  readonly signal: AbortSignal;
  /** What a shell makes of it: 128 and the signal's number; undefined when nobody has. */
  exitCode(): number | undefined;
  /** Listens no more. */
  forget(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listens for interrupts. The second one ends the process at once: somebody is impatient. */
export function listenForInterrupts(): Interrupts {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (exitCode !== undefined) process.exit(exitCode);
    exitCode = 128 + constants.signals[signal];
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    forget: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
