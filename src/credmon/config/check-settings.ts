import { isLatchkeyError } from '../../kit/index.ts';
import { findWeaknesses } from '../../tokens/index.ts';
import { authorizationOf, templateDefect } from '../authz-template.ts';
import { parseExpression } from '../classad-expression.ts';
import type { CredmonSettings, LocalProvider, Provider } from '../settings.ts';
import type { ConfigFinding } from './finding.ts';

/** What is wrong or doubtful in settings, whichever way they were written. Looks at no file. */
export function checkSettings(settings: CredmonSettings): readonly ConfigFinding[] {
  return [
    ...checkWhole(settings),
    ...settings.namedProviders.flatMap((provider) => checkProvider(provider, settings)),
  ];
}

function checkWhole({
  namedProviders,
  stateDirectory,
  sealRefreshTokens,
  directory,
}: CredmonSettings): ConfigFinding[] {
  const findings: ConfigFinding[] = [];
  const say = collect(findings);
  if (sealRefreshTokens && stateDirectory === undefined)
    say(
      'error',
      'config/seal',
      'refresh tokens cannot be sealed without a state directory for the key',
      'set LATCHKEY_CREDMON_STATE (credmon.state)',
    );
  if (stateDirectory !== undefined && `${stateDirectory}/`.startsWith(`${directory}/`))
    say(
      'error',
      'config/state',
      'the state directory is inside the credential directory',
      'put it elsewhere: what lies there is taken for a user',
    );
  if (stateDirectory === undefined)
    say(
      'notice',
      'config/state',
      'there is no state directory: no journal, no audit, no control socket, refresh tokens in clear',
      'set LATCHKEY_CREDMON_STATE (credmon.state)',
    );
  const lower = new Map<string, string>();
  for (const { name } of namedProviders) {
    const other = lower.get(name.toLowerCase());
    if (other !== undefined)
      say(
        'warning',
        'config/overlap',
        `${other} and ${name} differ in letter case only: their configuration keys are the same`,
      );
    lower.set(name.toLowerCase(), name);
  }
  return findings;
}

function checkProvider(provider: Provider, settings: CredmonSettings): ConfigFinding[] {
  const findings: ConfigFinding[] = [];
  const say = collect(findings, `${provider.name}: `);
  switch (provider.mode) {
    case 'local':
      checkLocal(provider, settings, say);
      break;
    case 'oauth':
    case 'client': {
      if (provider.issuer === undefined && provider.tokenUrl === undefined)
        say('error', 'config/endpoint', 'neither an issuer nor a token URL is set');
      if (
        provider.mode === 'oauth' &&
        provider.issuer === undefined &&
        provider.authorizationUrl === undefined &&
        provider.deviceUrl === undefined
      )
        say(
          'warning',
          'config/endpoint',
          'nobody can log in: no issuer, authorization URL or device URL is set',
        );
      if (provider.mode === 'oauth' && !provider.returnUrlSuffix.startsWith('/'))
        say('error', 'config/value', 'the return URL suffix does not begin with a slash');
      const { clientAuthentication: how } = provider;
      if (how.startsWith('client_secret') && provider.clientSecretFile === undefined)
        say('error', 'config/client-secret', `${how} needs a client secret file`);
      if (how === 'private_key_jwt' && provider.clientKeyFile === undefined)
        say('error', 'config/client-secret', 'private_key_jwt needs a client key file');
      if (provider.mode === 'client' && how === 'none')
        say(
          'error',
          'config/client-secret',
          'client credentials need a secret or a key: anybody could ask without',
        );
      break;
    }
    case 'pelican':
      if (provider.dangerouslySkipTlsVerify)
        say(
          'warning',
          'config/tls',
          'the server is not verified: whoever is on the way gets the tokens',
          'PELICAN_CREDMON_CA_FILE names its authority instead',
        );
      break;
    case 'vault':
      if (provider.trustedHosts === undefined)
        say(
          'notice',
          'config/vault',
          'TRUSTED_VAULT_HOSTS is not set: users choose which server the Vault token goes to',
        );
  }
  return findings;
}

type Say = (severity: ConfigFinding['severity'], code: string, message: string, hint?: string) => void;

function collect(findings: ConfigFinding[], prefix = ''): Say {
  return (severity, code, message, hint) => {
    findings.push({ severity, code, message: `${prefix}${message}`, hint });
  };
}

const VERSIONS = ['', 'scitoken:2.0', 'scitokens:2.0', 'scitokens:1.0', 'scitoken:1.0', 'wlcg', 'wlcg:1.0'];

function checkLocal(provider: LocalProvider, settings: CredmonSettings, say: Say): void {
  const { version, audience, lifetimeSeconds, authzTemplate, groupTemplate, groupMapFile, groupRequirement } =
    provider;
  const needsAudience = /^(scitokens?:2|wlcg)/.test(version);
  if (needsAudience && audience.length === 0)
    say(
      'error',
      'config/audience',
      `tokens of version ${version} need an audience, and none is set: no token is issued`,
      'set LOCAL_CREDMON_TOKEN_AUDIENCE (audience) to the services that shall accept them',
    );
  if (audience.some((one) => one.includes(',')))
    say('warning', 'config/audience', 'an audience has a comma: audiences are separated by blanks');
  if (!VERSIONS.includes(version))
    say('warning', 'config/version', `no verifier is known for the version ${JSON.stringify(version)}`);
  const early = settings.sandboxRefreshSeconds + settings.scanSeconds;
  if (lifetimeSeconds < 2 * early)
    say(
      'warning',
      'config/lifetime',
      `a life of ${lifetimeSeconds} s leaves jobs little: their copy may be ${early} s old`,
      `use at least ${2 * early} s, or a smaller SEC_CREDENTIAL_REFRESH`,
    );
  for (const [template, name] of [
    [authzTemplate, 'username'],
    [groupTemplate ?? '', 'groupname'],
  ] as const) {
    const defect = templateDefect(template, name);
    if (defect !== undefined) say('error', 'config/template', `the template for {${name}} ${defect}`);
  }
  if (groupTemplate !== undefined && groupMapFile === undefined)
    say('error', 'config/groups', 'there is a group template and no group map file');
  if (groupRequirement !== undefined && groupMapFile === undefined)
    say('error', 'config/groups', 'a group is required and there is no group map file: everybody is denied');
  if (groupRequirement !== undefined && /[\s()"=]/.test(groupRequirement))
    say(
      'warning',
      'config/groups',
      'the group requirement looks like an expression; HTCondor takes it for the name of one group, and so do we',
      'write the name of the group',
    );
  if (!URL.canParse(provider.issuer)) say('error', 'config/issuer', 'the issuer is not a URL');
  if (!/^https:\/\/[^/]*\./.test(provider.issuer) && URL.canParse(provider.issuer))
    say('warning', 'config/issuer', `verifiers elsewhere cannot look up keys at ${provider.issuer}`);
  checkScopes(provider, say);
}

/** What a token for a user of a made-up name would be. */
function checkScopes(provider: LocalProvider, say: Say): void {
  try {
    if (provider.authzTemplateExpression !== undefined) parseExpression(provider.authzTemplateExpression);
    const { scope } = authorizationOf(
      { ...provider, groupRequirement: undefined },
      'somebody',
      '* somebody somegroup',
    );
    const request = {
      profile: provider.version.startsWith('wlcg')
        ? 'wlcg:1.0'
        : provider.version.endsWith('2.0')
          ? 'scitokens:2.0'
          : 'scitokens:1.0',
      issuer: provider.issuer,
      subject: 'somebody',
      audience: provider.audience,
      scope: scope ?? '',
      lifetimeSeconds: provider.lifetimeSeconds,
    } as const;
    for (const { code, message } of findWeaknesses(request, provider.keyAlgorithm)) {
      const isKnown =
        code === 'weak/issuer-scheme' || (code === 'weak/any-audience' && provider.audience.length === 0);
      if (!isKnown) say('warning', code, message);
    }
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
    say('error', error.code, error.message, error.hint);
  }
}
