import { dirname, resolve } from 'node:path';
import {
  type CredmonSettings,
  checkCredmonFiles,
  loadCondorConfig,
  machineName,
  type Provider,
  settingsFromCondor,
} from '../credmon/index.ts';
import { LatchkeyError } from '../kit/index.ts';
import { settingsFromToml } from './credmon-settings.ts';
import { readConfig } from './settings-file.ts';

/** How {@link loadCredmonSettings} finds settings. */
export interface LoadCredmonOptions {
  /** A `latchkey.toml`; absent = HTCondor's configuration. */
  readonly file?: string | undefined;
  /** `-n`: the daemon's name; default `CREDMON_OAUTH`. */
  readonly name?: string | undefined;
  /** HTCondor's `-local-name`. */
  readonly localName?: string | undefined;
  /** `-c`: the credential directory, whatever is configured. */
  readonly directory?: string | undefined;
  /** Only these modes are served. */
  readonly modes?: readonly Provider['mode'][] | undefined;
  /** Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * The settings of the credential monitor of this machine, with everything doubtful in them and in the files they name as findings.
 *
 * @throws LatchkeyError `config/missing`, `config/malformed`, `config/invalid`: hopeless, exit 99 under condor_master
 */
export async function loadCredmonSettings(options: LoadCredmonOptions = {}): Promise<CredmonSettings> {
  const { file, name, localName, directory, modes, env } = options;
  const settings =
    file === undefined
      ? settingsFromCondor(
          await loadCondorConfig({
            ...(name === undefined ? {} : { subsystem: name }),
            ...(env === undefined ? {} : { env }),
            localName,
          }),
          { directory, modes },
        )
      : await fromFile(resolve(file), options);
  return { ...settings, findings: [...settings.findings, ...(await checkCredmonFiles(settings))] };
}

async function fromFile(
  file: string,
  { name, directory, modes }: LoadCredmonOptions,
): Promise<CredmonSettings> {
  const text = await readConfig(file);
  const { parseSettings } = await import('./settings-document.ts');
  const { credmon } = parseSettings(text, file);
  if (credmon === undefined)
    throw new LatchkeyError('config/invalid', `${file}: there is no section [credmon]`, {
      hint: 'without --config, HTCondor’s configuration is read',
    });
  const fullHostName = await machineName();
  return settingsFromToml(credmon, { base: dirname(file), fullHostName, name, directory, modes });
}
