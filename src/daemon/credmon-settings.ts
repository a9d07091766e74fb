import { resolve } from 'node:path';
import {
  assembleSettings,
  CREDMON_DEFAULTS,
  type CredmonSettings,
  checkSettings,
  type Provider,
} from '../credmon/index.ts';
import { LatchkeyError } from '../kit/index.ts';
import { credmonProviders } from './credmon-settings-providers.ts';
import { told } from './credmon-settings-told.ts';
import { webPage } from './credmon-settings-web.ts';
import type { CredmonSection } from './settings-schema.ts';

/** How {@link settingsFromToml} reads. */
export interface TomlSettingsOptions {
  /** Where relative paths start: the file's directory. */
  readonly base: string;
  /** Of this machine: default issuer and web prefix. */
  readonly fullHostName: string;
  /** The daemon's name; default `CREDMON_OAUTH`. */
  readonly name?: string | undefined;
  /** The credential directory, whatever the file says. */
  readonly directory?: string | undefined;
  readonly modes?: readonly Provider['mode'][] | undefined;
}

/**
 * The settings of a monitor as `[credmon]` of a `latchkey.toml` says them; the same rules hold as for HTCondor's configuration.
 *
 * @throws LatchkeyError `config/invalid` for names that are not allowed
 */
export function settingsFromToml(section: CredmonSection, options: TomlSettingsOptions): CredmonSettings {
  const { base, fullHostName, name = CREDMON_DEFAULTS.name } = options;
  const at = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(base, path);
  const stateDirectory = at(section.state);
  const allowSpecialNames = section.allow_special_names ?? false;
  const host = `https://${fullHostName}`;
  const { providers, wildcard } = credmonProviders(section, {
    at,
    host,
    allowSpecialNames,
    modes: options.modes,
  });
  const settings = assembleSettings({
    name,
    directory: options.directory ?? resolve(base, section.directory),
    log: {
      file: at(section.log?.file),
      maxBytes: section.log?.max_bytes ?? CREDMON_DEFAULTS.logBytes,
      maxFiles: section.log?.max_files ?? CREDMON_DEFAULTS.logFiles,
      isVerbose: section.log?.verbose ?? false,
    },
    stateDirectory,
    webPrefix: webPrefix(section.web_prefix) ?? host,
    web: webPage(section.web, at),
    told: told(section.told, at),
    allowSpecialNames,
    sandboxRefreshSeconds: section.sandbox_refresh ?? CREDMON_DEFAULTS.sandboxRefreshSeconds,
    scanSeconds: section.scan ?? CREDMON_DEFAULTS.scanSeconds,
    maxParallelRequests: section.parallel ?? CREDMON_DEFAULTS.maxParallelRequests,
    requestTimeoutSeconds: section.timeout ?? CREDMON_DEFAULTS.requestTimeoutSeconds,
    sealRefreshTokens: section.seal ?? stateDirectory !== undefined,
    providers,
    wildcard,
    findings: [],
  });
  return { ...settings, findings: [...settings.findings, ...checkSettings(settings)] };
}

function webPrefix(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw new LatchkeyError('config/invalid', 'credmon.web_prefix: expected an https URL');
}
