import type { CredmonSettings } from '../credmon/index.ts';
import type { ComposedCredmon } from './credmon/compose-credmon.ts';
import type { CredmonLogLevel } from './credmon/running-credmon.ts';

/** A credential monitor inside the process of a server. */
export interface RunningMonitor {
  readonly settings: CredmonSettings;
  /** Where its page is, if there is one. */
  readonly page: string | undefined;
  /** Looks at the credential directory now. */
  wake(): void;
  /** Settles with the reason when it cannot go on: its directory is gone, or another monitor has it. */
  readonly lost: Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Starts the monitor and the page that a configuration asks for in `[credmon]`.
 *
 * @param file a `latchkey.toml`; any other configuration file has no such section
 * @returns `undefined` when there is none
 * @throws LatchkeyError `config/…`, `credmon/directory-unsafe`, `daemon/already-running`
 */
export async function startMonitor(
  file: string,
  log: (level: CredmonLogLevel, line: string) => void,
): Promise<RunningMonitor | undefined> {
  if (!(await hasMonitor(file))) return undefined;
  // A server without a monitor does not wait for this code.
  const [{ composeCredmon }, { writeCredmonPid }, { loadCredmonSettings }] = await Promise.all([
    import('./credmon/compose-credmon.ts'),
    import('./credmon/credmon-pid.ts'),
    import('./load-credmon-settings.ts'),
  ]);
  const settings = await loadCredmonSettings({ file });
  let pid: ReturnType<typeof writeCredmonPid> | undefined;
  let composed: ComposedCredmon;
  try {
    composed = await composeCredmon(settings, {
      log,
      claim: ({ path }) => {
        pid = writeCredmonPid(path);
      },
      isOurs: () => pid?.isOurs() ?? true,
    });
  } catch (error) {
    pid?.remove();
    throw error;
  }
  return {
    settings,
    page: composed.page,
    wake: composed.wake,
    lost: composed.lost,
    async close() {
      await composed.close();
      pid?.remove();
    },
  };
}

/** True when a configuration file has `[credmon]`. @throws LatchkeyError `config/…` */
export async function hasMonitor(file: string): Promise<boolean> {
  if (!file.endsWith('.toml')) return false;
  const [{ readConfig }, { parseSettings }] = await Promise.all([
    import('./settings-file.ts'),
    import('./settings-document.ts'),
  ]);
  return parseSettings(await readConfig(file), file).credmon !== undefined;
}
