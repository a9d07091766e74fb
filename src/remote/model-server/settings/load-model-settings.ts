import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Finding, LatchkeyError, quote, Secret } from '../../../kit/index.ts';
import { parseHostUrl } from '../host/batch/batch-ground.ts';
import { findProgram } from './found-program.ts';
import { type NetworkMode, readLegacySettings } from './legacy-settings.ts';
import type { ModelServerSettings } from './model-server-settings.ts';
import { type ModelsSection, parseModelsSection, settingsFromSection } from './toml-settings.ts';

/** Where the settings of a model server come from. */
export interface ModelSettingsSource {
  /** A `latchkey.toml`, or a settings file under the old names (any other name). Absent = what is given, and defaults. */
  readonly file?: string | undefined;
  /** Only for a file under the old names. */
  readonly mode: NetworkMode;
  /** What was said elsewhere, and comes first. */
  readonly given: ModelsSection;
  /** Used when nothing says where jobs are to be. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const MAX_BYTES = 1 << 20;

/**
 * Reads the settings of a model server, of either kind.
 *
 * @throws LatchkeyError `config/missing`, `config/malformed`, `config/invalid`
 */
export async function loadModelSettings(source: ModelSettingsSource): Promise<LoadedSettings> {
  const { file } = source;
  const isLegacy = file !== undefined && !file.endsWith('.toml');
  const base = file === undefined || isLegacy ? process.cwd() : dirname(resolve(file));
  const { settings, findings } = await (isLegacy
    ? fromLegacy(resolve(file), source)
    : fromToml(source, base));
  // What another machine has is not to be seen from here.
  if (settings.host !== undefined && parseHostUrl(settings.host.url).via !== 'local')
    return { settings, findings };
  const found = await findProgram(settings, base);
  return { settings: { ...settings, model: found.program }, findings: [...findings, ...found.findings] };
}

interface LoadedSettings {
  readonly settings: ModelServerSettings;
  readonly findings: readonly Finding[];
}

async function fromToml(
  { file, given, directory }: ModelSettingsSource,
  base: string,
): Promise<LoadedSettings> {
  const section = file === undefined ? {} : parseModelsSection(await read(file), file);
  const settings = settingsFromSection(merged(section, given), { base, directory });
  const keyFile = given.key_file ?? section.key_file;
  if (keyFile === undefined) return { settings, findings: [] };
  const key = (await read(resolve(base, keyFile))).trim();
  if (key.length < 8)
    throw new LatchkeyError('config/invalid', `the key in ${quote(keyFile)} has fewer than 8 characters`);
  return { settings: { ...settings, key: new Secret(key) }, findings: [] };
}

/** A program that was given replaces the file's, of whichever kind. */
function merged(section: ModelsSection, given: ModelsSection): ModelsSection {
  const { class: name, command, ...rest } = section;
  const isGiven = given.class !== undefined || given.command !== undefined;
  return {
    ...rest,
    ...(isGiven ? {} : { ...(name && { class: name }), ...(command && { command }) }),
    ...given,
    ...(section.job === undefined && given.job === undefined
      ? {}
      : { job: { ...section.job, ...given.job } }),
  };
}

async function fromLegacy(
  path: string,
  { mode, given, directory, env }: ModelSettingsSource,
): Promise<LoadedSettings> {
  const platform = process.platform === 'win32' ? 'win32' : process.platform;
  const legacy = readLegacySettings(await read(path), path, mode, { env, platform });
  const { listen, ports, name, application, maxJobs, key, published, registry } = legacy;
  if (legacy.isKeyPublished && given.key_file === undefined && !isLoopback(listen.host))
    throw new LatchkeyError(
      'config/invalid',
      `${path}: with the key of the manual anybody could use the server on ${listen.host}`,
      { hint: 'choose another hkey, or listen on 127.0.0.1 and let clients come by links (-m 0)' },
    );
  const settings = settingsFromSection(
    {
      ...(name === undefined ? {} : { name }),
      ...(application === undefined ? {} : { application }),
      ...(maxJobs === undefined ? {} : { max_jobs: maxJobs }),
      listen: listen.host.includes(':') ? `[${listen.host}]:${listen.port}` : `${listen.host}:${listen.port}`,
      // Those of nodes are not of this machine.
      ...(isOnNodes(given.host)
        ? {}
        : {
            job_listen: listen.host,
            ...(ports === undefined ? {} : { ports: [ports.first, ports.last] as [number, number] }),
          }),
      share_key: 'yes',
      // jobManWorkDir '.' is where the user works, which others may read: jobs have a directory of their own in it.
      ...(legacy.directory === undefined ? {} : { directory: `${legacy.directory}/${name ?? 'models'}` }),
      ...given,
    },
    { base: process.cwd(), directory },
  );
  return {
    settings: { ...settings, key, published, registry: settings.registry ?? registry },
    findings: legacy.findings,
  };
}

function isOnNodes(host: string | undefined): boolean {
  return host !== undefined && parseHostUrl(host).via === 'local';
}

function isLoopback(host: string): boolean {
  return host === '::1' || host === 'localhost' || /^127\./.test(host);
}

async function read(path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length <= MAX_BYTES) return text;
    throw new Error('it is too large');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new LatchkeyError('config/missing', `cannot read ${quote(path)}: ${code ?? message}`, { cause });
  }
}
