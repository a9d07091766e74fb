import {
  type CredentialDirectory,
  type CredmonSettings,
  describeFinding,
  openCredentialDirectory,
  openRescuedTokens,
} from '../../credmon/index.ts';
import { openKeeperJournal } from '../../keeper/index.ts';
import {
  isLatchkeyError,
  LatchkeyError,
  loadOrMakeServerKey,
  type SealingKeys,
  sealingKeys,
} from '../../kit/index.ts';
import { startControl, startStatusPort } from '../control/index.ts';
import { type Observation, observe } from '../observe/index.ts';
import { openPageOf } from '../web/page-of-monitor.ts';
import type { RunningWeb } from '../web/start-web.ts';
import { makeMissingKeys } from './first-key.ts';
import type { CredmonLogLevel, RunningCredmon } from './running-credmon.ts';
import { startCredmon } from './start-credmon.ts';
import { type CredmonStateFiles, makeStateDirectory } from './state-files.ts';

/** What the process gives to {@link composeCredmon}. */
export interface ComposeSurroundings {
  log(level: CredmonLogLevel, line: string): void;
  /** Takes the directory for this process, or throws. */
  claim(directory: CredentialDirectory): void;
  /** False when another monitor has taken the directory since. */
  isOurs(): boolean;
}

/** A monitor with everything around it. */
export interface ComposedCredmon {
  readonly running: RunningCredmon;
  /** SIGHUP: looks at the directory now, and begins a new audit file if the old one was moved away. */
  wake(): void;
  /** Where browsers find its page; `undefined` when none is served. */
  readonly page: string | undefined;
  /** Settles when the monitor cannot go on: its directory is gone, or another monitor has it. */
  readonly lost: Promise<unknown>;
  close(): Promise<void>;
}

const FINDING_LEVELS = { error: 'error', warning: 'warn', notice: 'info' } as const;

/** Puts a monitor together as its settings say: directory, keys, journal, monitor, observation, control socket. */
export async function composeCredmon(
  settings: CredmonSettings,
  around: ComposeSurroundings,
): Promise<ComposedCredmon> {
  const { log } = around;
  for (const finding of settings.findings) log(FINDING_LEVELS[finding.severity], describeFinding(finding));
  const directory = await openCredentialDirectory(settings.directory);
  around.claim(directory);
  await makeMissingKeys(settings, log);
  /** Tokens come first: what only shows, steers or remembers may fail without ending the monitor. */
  const optional = async <Opened>(
    what: string,
    open: () => Opened | Promise<Opened>,
  ): Promise<Opened | undefined> => {
    try {
      return await open();
    } catch (error) {
      const hint = isLatchkeyError(error) && error.hint !== undefined ? `; ${error.hint}` : '';
      log('error', `${what} is not there: ${error instanceof Error ? error.message : String(error)}${hint}`);
      return undefined;
    }
  };
  const { stateDirectory } = settings;
  const state =
    stateDirectory === undefined
      ? undefined
      : await optional('the state directory', () => makeStateDirectory(stateDirectory));
  const journal =
    state === undefined
      ? undefined
      : await optional('the journal', () =>
          openKeeperJournal(state.journal, {
            onError: (error) => log('warn', `the journal cannot be written: ${String(error)}`),
          }),
        );
  let lose: (reason: unknown) => void = () => {};
  const lost = new Promise<unknown>((resolve) => {
    lose = resolve;
  });
  let observation: Observation | undefined;
  let page: RunningWeb | undefined;
  const sealing = state === undefined ? undefined : await optional('the sealing key', () => sealingOf(state));
  const running = startCredmon(settings, {
    directory,
    log,
    journal,
    sealing,
    rescued:
      state === undefined || sealing === undefined ? undefined : openRescuedTokens(state.rescued, sealing),
    onLost: lose,
    onRequested: (leaseId, at) => observation?.requested(leaseId, at),
    onRevoked: (leaseId) => observation?.revoked(leaseId),
    onPass: ({ durationMs }) => {
      if (around.isOurs()) observation?.scanned(durationMs);
      else lose(new LatchkeyError('daemon/already-running', `another monitor serves ${directory.path} now`));
    },
  });
  observation = observe({
    keeper: running.keeper,
    directory: directory.path,
    auditFile: state?.audit,
    hooks: settings.told?.hooks,
    links: async () => await page?.linkStates(),
    log: (level, line) => log(level, line),
  });
  const onDefect = (what: string, error: unknown): void =>
    log('error', `${what} could not be answered: ${error instanceof Error ? error.message : String(error)}`);
  const control =
    state === undefined
      ? undefined
      : await optional('the control socket', () =>
          startControl({ path: state.controlSocket, credmon: running, observation, onDefect }),
        );
  const statusListen = settings.told?.statusListen;
  const status =
    statusListen === undefined
      ? undefined
      : await optional('the status port', () => startStatusPort(statusListen, observation, onDefect));
  page = await optional('the web page', () => openPageOf(running, observation, state));
  log('info', `serves ${directory.path}, process ${process.pid}`);
  return {
    running,
    wake: () => {
      observation.reopen();
      void running.wake();
    },
    page: page === undefined ? undefined : settings.webPrefix,
    lost,
    close: async () => {
      await Promise.allSettled([page?.close(), status?.close(), control?.close(), running.close()]);
      await observation.close();
      await journal?.close();
    },
  };
}

async function sealingOf({ sealingKey }: CredmonStateFiles): Promise<SealingKeys> {
  return sealingKeys([await loadOrMakeServerKey(sealingKey)]);
}
