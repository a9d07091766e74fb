import { openCredentialDirectory, resealLogin } from '../../credmon/index.ts';
import { counted, isLatchkeyError, LatchkeyError, loadServerKey, sealingKeys } from '../../kit/index.ts';
import type { Command, Invocation, Report } from './command.ts';
import { stemsIn } from './credmon-files.ts';
import { findCredmon, runningCredmonIfAny } from './credmon-place.ts';

/** `latchkey credmon seal`: refresh tokens in the clear go under the key of the state directory. */
export const credmonSeal: Command = (invocation) => reseal(invocation, true);

/** `latchkey credmon unseal`: takes that seal off, for a way back to HTCondor's own monitor. */
export const credmonUnseal: Command = (invocation) => reseal(invocation, false);

async function reseal(invocation: Invocation, isSealing: boolean): Promise<Report> {
  const place = await findCredmon(invocation);
  const { settings, state, writtenIn } = place;
  if (state === undefined) {
    throw new LatchkeyError('config/missing', 'this monitor has no state directory, and so no key', {
      hint: 'LATCHKEY_CREDMON_STATE names one',
    });
  }
  if ((await runningCredmonIfAny(place)) !== undefined) {
    throw new LatchkeyError('daemon/already-running', 'the monitor runs, and may renew the same tokens', {
      hint:
        writtenIn === 'toml'
          ? 'stop it first: ^C where latchkey runs, or systemctl stop latchkey-credmon'
          : 'stop it first: condor_off -daemon CREDMON_OAUTH',
    });
  }
  const directory = await openCredentialDirectory(settings.directory);
  const sealing = sealingKeys([await loadServerKey({ file: state.sealingKey })]);
  let changed = 0;
  const failed: { readonly id: string; readonly message: string }[] = [];
  for (const { user, stem } of stemsIn(settings.directory)) {
    try {
      if (await resealLogin({ directory, sealing, isSealing }, user, stem)) changed += 1;
    } catch (error) {
      if (!isLatchkeyError(error)) throw error;
      failed.push({ id: `${user}/${stem}`, message: error.message });
    }
  }
  const done = `${counted(changed, 'refresh token')} ${isSealing ? 'sealed' : 'unsealed'}`;
  return {
    json: { changed, failed },
    lines: [
      `${failed.length === 0 ? '✔ ' : ''}${done}`,
      ...failed.map(({ id, message }) => `✘ ${id}: ${message}`),
      ...(isSealing
        ? []
        : [
            `  ${writtenIn === 'toml' ? 'seal = false in [credmon]' : 'LATCHKEY_CREDMON_SEAL = False'} keeps a monitor of ours from sealing them again`,
          ]),
    ],
    exitCode: failed.length === 0 ? 0 : 1,
  };
}
