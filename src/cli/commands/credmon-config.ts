import {
  type ConfigFinding,
  type CredmonSettings,
  credmonValues,
  describeOrigin,
  loadCondorConfig,
  type Provider,
} from '../../credmon/index.ts';
import { loadCredmonSettings } from '../../daemon/index.ts';
import { counted } from '../../kit/index.ts';
import type { Command } from './command.ts';
import { settingsOfState } from './credmon-place.ts';

/** `latchkey credmon config`: what is set, where, which providers that makes, and what is doubtful; exit code 6 with an error. */
export const credmonConfig: Command = async (invocation) => {
  const { given, context } = invocation;
  const name = (given.text('name') ?? 'CREDMON_OAUTH').toUpperCase();
  const file = given.text('config') ?? (await settingsOfState(invocation));
  const isOurs = file?.endsWith('.toml') === true;
  const env = { ...context.env, ...(file === undefined || isOurs ? {} : { CONDOR_CONFIG: file }) };
  const settings = await loadCredmonSettings({ name, env, ...(isOurs ? { file } : {}) });
  const condor = isOurs ? undefined : await loadCondorConfig({ subsystem: name, env });
  const values = (condor === undefined ? [] : credmonValues(condor))
    .map(({ name, text, origin }) => ({ key: name, value: text, origin: describeOrigin(origin) }))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  const reader = condor?.reader ?? file;
  const errors = settings.findings.filter(({ severity }) => severity === 'error').length;
  return {
    json: {
      reader,
      files: condor?.files ?? [file],
      directory: settings.directory,
      values,
      providers: settings.namedProviders,
      findings: settings.findings,
    },
    lines: [
      `# read by ${reader === 'latchkey' ? `latchkey out of ${condor?.files.join(', ')}` : reader}`,
      ...aligned(values.map(({ key, value, origin }) => [`${key} = ${value}`, origin])),
      '',
      ...summary(settings).map(([what, says]) => `${what.padEnd(20)}${says}`),
      '',
      ...settings.findings.flatMap(findingLines),
      `${counted(errors, 'error')}, ${counted(settings.findings.length - errors, 'other finding')}`,
    ],
    exitCode: errors > 0 ? 6 : 0,
  };
};

function summary(settings: CredmonSettings): [string, string][] {
  return [
    ['directory', settings.directory],
    ['state directory', settings.stateDirectory ?? 'none'],
    ['web prefix', settings.webPrefix],
    ['log', settings.log.file ?? 'standard error'],
    ...settings.namedProviders.map((provider): [string, string] => [provider.name, describe(provider)]),
  ];
}

function describe(provider: Provider): string {
  switch (provider.mode) {
    case 'local':
      return `signed here for ${provider.issuer}, ${provider.lifetimeSeconds} s, ${provider.keyAlgorithm} key ${provider.keyId}`;
    case 'oauth':
      return `users log in at ${provider.issuer ?? provider.authorizationUrl ?? provider.tokenUrl} as client ${provider.clientId}`;
    case 'client':
      return `client credentials of ${provider.clientId} at ${provider.issuer ?? provider.tokenUrl}`;
    case 'vault':
      return `out of a Vault, at least ${provider.minimumSeconds} s, every ${provider.refreshSeconds} s`;
    case 'pelican':
      return 'of a Pelican federation';
  }
}

function aligned(rows: readonly (readonly [string, string])[]): string[] {
  const column = Math.min(80, Math.max(0, ...rows.map(([text]) => text.length))) + 2;
  return rows.map(([text, origin]) => `${text.padEnd(column)}# ${origin}`);
}

function findingLines({ severity, message, origin, hint }: ConfigFinding): string[] {
  const where = origin === undefined ? '' : ` (${origin})`;
  return [`${severity}: ${message}${where}`, ...(hint === undefined ? [] : [`    ${hint}`])];
}
