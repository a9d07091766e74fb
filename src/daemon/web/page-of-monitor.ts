import type { RunningCredmon } from '../credmon/running-credmon.ts';
import type { CredmonStateFiles } from '../credmon/state-files.ts';
import type { Observation } from '../observe/index.ts';
import type { RunningWeb } from './start-web.ts';

/**
 * Opens the page that a monitor's settings ask for, if they do. A page that cannot be opened is an error in the log and
 * no more: a monitor that ended for it would stop every submission of the pool.
 */
export async function openPageOf(
  credmon: RunningCredmon,
  observation: Observation,
  state: CredmonStateFiles | undefined,
): Promise<RunningWeb | undefined> {
  const { web, webPrefix } = credmon.settings;
  if (web === undefined) return undefined;
  try {
    // Monitors without a page, and the first token of those with one, do not wait for this code.
    const { startWeb } = await import('./start-web.ts');
    return await startWeb(
      { ...web, prefix: webPrefix, accountsFile: state?.webAccounts, operatorSocket: state?.webSocket },
      { credmon, observation, store: await storeOf(web.myproxyStorage) },
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    credmon.log('error', `WEB: no page is served: ${reason}`);
    return undefined;
  }
}

async function storeOf(directory: string | undefined) {
  if (directory === undefined) return undefined;
  const { FileStore } = await import('../../repository/index.ts');
  return await FileStore.open(directory);
}
