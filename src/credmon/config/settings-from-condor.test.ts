import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../../kit/index.ts';
import type { CredmonSettings, Provider } from '../settings.ts';
import { condorConfig } from './condor-config.ts';
import { readConfig } from './read-config.ts';
import { type CondorSettingsOptions, settingsFromCondor } from './settings-from-condor.ts';

const DIRECTORY = 'SEC_CREDENTIAL_DIRECTORY_OAUTH = /creds\n';

function settingsOf(text: string, options: CondorSettingsOptions = {}): CredmonSettings {
  const scope = { subsystem: 'CREDMON_OAUTH' };
  const facts = {
    env: { CONDOR_CONFIG: '/c' },
    fullHostName: 'ap.example',
    detected: { ARCH: 'X86_64', IP_ADDRESS: '192.0.2.1' },
    userName: 'root',
    isRoot: true,
    home: '/root',
    condorHome: '/var/lib/condor',
    workingDirectory: '/',
  };
  const files = { read: (path: string) => (path === '/c' ? text : undefined), list: () => undefined };
  const { table, findings } = readConfig(files, facts, scope);
  return settingsFromCondor(
    condorConfig({ table, scope, reader: 'latchkey', findings, env: facts.env }),
    options,
  );
}

function provider<Mode extends Provider['mode']>(
  settings: CredmonSettings,
  name: string,
  mode: Mode,
): Extract<Provider, { readonly mode: Mode }> {
  const found = settings.providerOf(name);
  assert.equal(found?.mode, mode);
  return found as Extract<Provider, { readonly mode: Mode }>;
}

function messages(settings: CredmonSettings, severity: 'error' | 'warning'): string[] {
  return settings.findings.filter((finding) => finding.severity === severity).map(({ message }) => message);
}

test('nothing but a directory: the defaults of upstream', () => {
  const settings = settingsOf(DIRECTORY);
  const { providerOf: _, namedProviders: __, findings: ___, ...plain } = settings;
  assert.deepEqual(plain, {
    name: 'CREDMON_OAUTH',
    directory: '/creds',
    log: { file: '/var/lib/condor/log/CredmonOauthLog', maxBytes: 10 << 20, maxFiles: 1, isVerbose: false },
    stateDirectory: undefined,
    webPrefix: 'https://ap.example',
    web: undefined,
    told: { statusListen: undefined, hooks: [] },
    allowSpecialNames: false,
    sandboxRefreshSeconds: 300,
    scanSeconds: 60,
    maxParallelRequests: 8,
    requestTimeoutSeconds: 20,
    sealRefreshTokens: false,
  });
  assert.deepEqual(provider(settings, 'scitokens', 'local'), {
    mode: 'local',
    name: 'scitokens',
    privateKeyFile: '/etc/condor/scitokens-private.pem',
    publicKeyFile: '/etc/condor/scitokens.pem',
    keyAlgorithm: 'ES256',
    keyId: 'local',
    issuer: 'https://ap.example',
    authzTemplate: 'read:/user/{username} write:/user/{username}',
    authzTemplateExpression: undefined,
    groupTemplate: undefined,
    groupMapFile: undefined,
    groupRequirement: undefined,
    lifetimeSeconds: 1200,
    format: 'json',
    audience: [],
    version: 'scitoken:2.0',
  });
});

/** What upstream's samples set, in our own words and values. */
const SAMPLE = `use feature:OAUTH
LOCAL_DIR = /var
CREDMON_WEB_PREFIX = https://ap.example:8443/credmon/
LATCHKEY_CREDMON_STATE = /var/lib/latchkey-credmon
LOCAL_CREDMON_PROVIDER_NAMES = scitokens, wlcg
LOCAL_CREDMON_ISSUER = https://issuer.example/pool
LOCAL_CREDMON_KEY_ID = key-es256
LOCAL_CREDMON_TOKEN_AUDIENCE = https://a.example https://b.example
LOCAL_CREDMON_TOKEN_LIFETIME = (60 * $(MINUTE))
LOCAL_CREDMON_WLCG_TOKEN_VERSION = wlcg:1.0
LOCAL_CREDMON_wlcg_AUTHZ_TEMPLATE = storage.read:/{username}
LOCAL_CREDMON_WLCG_TOKEN_USE_JSON = false
LOCAL_CREDMON_WLCG_PRIVATE_KEY_ALGORITHM = rs256
LOCAL_CREDMON_WLCG_PRIVATE_KEY = /etc/condor/wlcg.pem
CLIENT_CREDMON_PROVIDER_NAMES = robot
CLIENT_CREDMON_robot_CLIENT_ID = robot-1
CLIENT_CREDMON_robot_CLIENT_SECRET_FILE = /etc/condor/robot.secret
CLIENT_CREDMON_robot_TOKEN_URL = https://op.example/token
MYTOKENS_CLIENT_ID = ap1
MYTOKENS_CLIENT_SECRET_FILE = /etc/condor/mytokens.secret
MYTOKENS_RETURN_URL_SUFFIX = /return/mytokens
MYTOKENS_AUTHORIZATION_URL = https://op.example/authorize
MYTOKENS_TOKEN_URL = https://op.example/token
MYTOKENS_USER_URL = https://op.example/userinfo
box_CLIENT_ID = b1
box_CLIENT_SECRET_FILE = /etc/condor/box.secret
PELICAN_CREDMON_PROVIDER_NAMES = osdf
osdf_PELICAN_URL = pelican://f.example
MAX_CREDMON_OAUTH_LOG = 2 Mb
MAX_NUM_CREDMON_OAUTH_LOG = 3
CREDMON_OAUTH_DEBUG = D_CAT, D_FULLDEBUG
SEC_CREDENTIAL_REFRESH = 120
`;

test('a configuration with every kind of provider', () => {
  const settings = settingsOf(SAMPLE);
  assert.equal(settings.directory, '/var/lib/condor/oauth_credentials');
  assert.equal(settings.webPrefix, 'https://ap.example:8443/credmon');
  assert.deepEqual(settings.log, {
    file: '/var/log/CredMonOAuthLog',
    maxBytes: 2 << 20,
    maxFiles: 3,
    isVerbose: true,
  });
  assert.equal(settings.sealRefreshTokens, true);
  const scitokens = provider(settings, 'scitokens', 'local');
  assert.deepEqual(
    [scitokens.lifetimeSeconds, scitokens.keyId, scitokens.format],
    [3600, 'key-es256', 'json'],
  );
  assert.deepEqual(scitokens.audience, ['https://a.example', 'https://b.example']);
  const wlcg = provider(settings, 'wlcg', 'local');
  assert.deepEqual(
    [wlcg.version, wlcg.authzTemplate, wlcg.format, wlcg.keyAlgorithm, wlcg.privateKeyFile, wlcg.issuer],
    [
      'wlcg:1.0',
      'storage.read:/{username}',
      'bare',
      'RS256',
      '/etc/condor/wlcg.pem',
      'https://issuer.example/pool',
    ],
  );
  const robot = provider(settings, 'robot', 'client');
  assert.deepEqual(
    [robot.clientId, robot.lifetimeSeconds, robot.clientAuthentication],
    ['robot-1', 3600, 'client_secret_post'],
  );
  assert.equal(provider(settings, 'osdf', 'pelican').minimumSeconds, 1200);
  assert.deepEqual(messages(settings, 'error'), []);
  assert.deepEqual(messages(settings, 'warning'), []);
});

test('names that no list has: OAuth with a client id, else Vault; scitokens is never Vault’s', () => {
  const settings = settingsOf(`${SAMPLE}LOCAL_CREDMON_PROVIDER_NAMES = wlcg\n`);
  assert.equal(provider(settings, 'mytokens', 'oauth').clientId, 'ap1');
  assert.equal(provider(settings, 'box', 'oauth').tokenUrl, 'https://api.box.com/oauth2/token');
  assert.equal(provider(settings, 'dune', 'vault').refreshSeconds, 1200);
  assert.equal(settings.providerOf('scitokens'), undefined);
  assert.equal(settings.providerOf('..'), undefined);
  assert.equal(settings.providerOf('a_b'), undefined);
  assert.equal(settings.providerOf('mytokens'), settings.providerOf('mytokens'));
});

test('providers that only their client id names are told, and looked at, beside those of the lists', () => {
  const named = (text: string) => settingsOf(text).namedProviders.map(({ name, mode }) => `${mode} ${name}`);
  assert.deepEqual(named(SAMPLE), [
    'local scitokens',
    'local wlcg',
    'client robot',
    'oauth box',
    'oauth mytokens',
    'pelican osdf',
  ]);
  assert.deepEqual(named(`${SAMPLE}OAUTH2_CREDMON_PROVIDER_NAMES = box\n`).slice(3), [
    'oauth box',
    'pelican osdf',
  ]);
  const half = settingsOf(
    `${DIRECTORY}half_CLIENT_ID = a\nhalf_TOKEN_URL = no URL\nWLCG_CLIENT_ID = b\nLOCAL_CREDMON_PROVIDER_NAMES = wlcg\n`,
  );
  assert.match(messages(half, 'error').join('; '), /half/);
  assert.deepEqual(
    half.namedProviders.map(({ name }) => name),
    ['wlcg', 'half'],
  );
});

test('explicit lists are complete', () => {
  const settings = settingsOf(
    `${SAMPLE}OAUTH2_CREDMON_PROVIDER_NAMES = box\nVAULT_CREDMON_PROVIDER_NAMES = dune\n`,
  );
  assert.equal(settings.providerOf('mytokens'), undefined);
  assert.equal(settings.providerOf('other'), undefined);
  assert.equal(provider(settings, 'box', 'oauth').clientId, 'b1');
  assert.equal(provider(settings, 'dune', 'vault').minimumSeconds, 2400);
});

test('a name with a client id that OAuth does not serve is nobody’s', () => {
  const settings = settingsOf(`${SAMPLE}OAUTH2_CREDMON_PROVIDER_NAMES = box\n`);
  assert.equal(settings.providerOf('mytokens'), undefined);
  assert.equal(settings.providerOf('dune')?.mode, 'vault');
});

test('a provider’s own value wins over the one for all', () => {
  const settings = settingsOf(
    `${SAMPLE}LOCAL_CREDMON_wlcg_TOKEN_LIFETIME = 7200\nLOCAL_CREDMON_wlcg_TOKEN_VERSION =\n`,
  );
  assert.deepEqual(
    [provider(settings, 'wlcg', 'local').lifetimeSeconds, provider(settings, 'wlcg', 'local').version],
    [7200, ''],
  );
  assert.equal(provider(settings, 'scitokens', 'local').lifetimeSeconds, 3600);
});

test('a name in two lists is served by the first', () => {
  const settings = settingsOf(`${SAMPLE}PELICAN_CREDMON_PROVIDER_NAMES = wlcg\n`);
  assert.equal(settings.providerOf('wlcg')?.mode, 'local');
  assert.equal(settings.namedProviders.filter(({ name }) => name === 'wlcg').length, 1);
});

test('a monitor for Vault only serves nothing else', () => {
  const settings = settingsOf(SAMPLE, { modes: ['vault'] });
  assert.deepEqual(settings.namedProviders, []);
  assert.equal(settings.providerOf('mytokens'), undefined);
  assert.equal(settings.providerOf('wlcg'), undefined);
  assert.equal(settings.providerOf('dune')?.mode, 'vault');
});

test('ours beyond upstream', () => {
  const settings = settingsOf(`${DIRECTORY}M_CLIENT_ID = a
M_ISSUER = https://op.example
M_DEVICE_URL = https://op.example/device
M_REVOCATION_URL = https://op.example/revoke
M_CLIENT_KEY_FILE = /k.pem
M_CA_FILE = /ca.pem
M_EXCHANGE_PER_HANDLE = yes
LATCHKEY_CREDMON_STATE = /state
LATCHKEY_CREDMON_SEAL = false
LATCHKEY_CREDMON_SCAN = 10
LATCHKEY_CREDMON_PARALLEL = 2
LATCHKEY_CREDMON_TIMEOUT = 5
`);
  const { mode, name, ...m } = provider(settings, 'm', 'oauth');
  assert.deepEqual([mode, name], ['oauth', 'm']);
  assert.deepEqual(m, {
    clientId: 'a',
    clientSecretFile: undefined,
    clientKeyFile: '/k.pem',
    clientAuthentication: 'private_key_jwt',
    issuer: 'https://op.example',
    authorizationUrl: undefined,
    tokenUrl: undefined,
    deviceUrl: 'https://op.example/device',
    revocationUrl: 'https://op.example/revoke',
    caFile: '/ca.pem',
    returnUrlSuffix: '/return/m',
    exchangePerHandle: true,
  });
  assert.deepEqual(
    [
      settings.scanSeconds,
      settings.maxParallelRequests,
      settings.requestTimeoutSeconds,
      settings.sealRefreshTokens,
    ],
    [10, 2, 5, false],
  );
});

test('a version given as nothing is a token without version', () => {
  assert.equal(
    provider(settingsOf(`${DIRECTORY}LOCAL_CREDMON_TOKEN_VERSION =\n`), 'scitokens', 'local').version,
    '',
  );
});

test('-c names the directory, whatever is configured', () => {
  assert.equal(settingsOf(DIRECTORY, { directory: '/other' }).directory, '/other');
  assert.equal(settingsOf('', { directory: '/other' }).directory, '/other');
  assert.equal(settingsOf('SEC_CREDENTIAL_DIRECTORY = /old').directory, '/old');
});

const HOPELESS: Readonly<Record<string, string>> = {
  'no directory': '',
  'a directory that is not absolute': 'SEC_CREDENTIAL_DIRECTORY_OAUTH = creds',
  'an underscore in a name': `${DIRECTORY}LOCAL_CREDMON_PROVIDER_NAMES = my_tokens`,
  'a path as a name': `${DIRECTORY}OAUTH2_CREDMON_PROVIDER_NAMES = ../x`,
  'a wildcard where there is none': `${DIRECTORY}PELICAN_CREDMON_PROVIDER_NAMES = *`,
};

for (const [name, text] of Object.entries(HOPELESS)) {
  test(`hopeless: ${name}`, () => assert.throws(() => settingsOf(text), { code: 'config/invalid' }));
}

test('with special names allowed, an underscore is part of a name', () => {
  const settings = settingsOf(
    `${DIRECTORY}CREDMON_ALLOW_SPECIAL_CHAR_NAMES = True\nLOCAL_CREDMON_PROVIDER_NAMES = my_tokens`,
  );
  assert.equal(settings.providerOf('my_tokens')?.mode, 'local');
});

const LOCAL = `${DIRECTORY}LOCAL_CREDMON_TOKEN_AUDIENCE = https://a.example\n`;

/** What is told about a configuration: severity and text. */
const TOLD: readonly (readonly [string, 'error' | 'warning', RegExp])[] = [
  [DIRECTORY, 'error', /scitokens: tokens of version scitoken:2\.0 need an audience/],
  [
    `${LOCAL}LOCAL_CREDMON_ISSUR = x`,
    'warning',
    /nobody reads the key LOCAL_CREDMON_ISSUR: did you mean LOCAL_CREDMON_ISSUER\?/,
  ],
  [
    `${LOCAL}LOCAL_CREDMON_SCITOKENS_TOKEN_LIFTIME = 5`,
    'warning',
    /LOCAL_CREDMON_SCITOKENS_TOKEN_LIFETIME\?/,
  ],
  [`${LOCAL}CREDMON_OAUTH.LOCAL_CREDMON_KEYID = x`, 'warning', /LOCAL_CREDMON_KEY_ID\?/],
  [`${LOCAL}M_CLIENT_ID = 1\nM_TOKN_URL = https://x`, 'warning', /M_TOKN_URL: did you mean M_TOKEN_URL\?/],
  [`${LOCAL}LOCAL_CREDMON_TOKEN_USE_JSON = maybe`, 'error', /expected true or false/],
  [`${LOCAL}LOCAL_CREDMON_TOKEN_LIFETIME = soon`, 'error', /expected a whole number from 60/],
  [`${LOCAL}LOCAL_CREDMON_TOKEN_LIFETIME = 10`, 'error', /expected a whole number from 60/],
  [`${LOCAL}LOCAL_CREDMON_TOKEN_LIFETIME = 300`, 'warning', /leaves jobs little/],
  [`${LOCAL}LOCAL_CREDMON_TOKEN_LIFETIME = 90000`, 'warning', /longer than 6 h/],
  [`${LOCAL}LOCAL_CREDMON_TOKEN_VERSION = wlgc`, 'warning', /no verifier is known/],
  [`${LOCAL}LOCAL_CREDMON_TOKEN_AUDIENCE = ANY`, 'warning', /every service that trusts the issuer/],
  [`${LOCAL}LOCAL_CREDMON_TOKEN_AUDIENCE = a,b`, 'warning', /separated by blanks/],
  [`${LOCAL}LOCAL_CREDMON_AUTHZ_TEMPLATE = read:/`, 'warning', /allows read everywhere/],
  [`${LOCAL}LOCAL_CREDMON_AUTHZ_TEMPLATE = read:/{user}`, 'error', /only \{username\} is replaced/],
  [
    `${LOCAL}LOCAL_CREDMON_AUTHZ_TEMPLATE_EXPR = regexp("x", Username)`,
    'error',
    /the function "regexp" is not understood/,
  ],
  [`${LOCAL}LOCAL_CREDMON_AUTHZ_GROUP_TEMPLATE = read:/{groupname}`, 'error', /no group map file/],
  [`${LOCAL}LOCAL_CREDMON_AUTHZ_GROUP_REQUIREMENT = cms`, 'error', /everybody is denied/],
  [`${LOCAL}LOCAL_CREDMON_AUTHZ_GROUP_REQUIREMENT = (x == "cms")`, 'warning', /name of one group/],
  [`${LOCAL}LOCAL_CREDMON_ISSUER = pool`, 'error', /the issuer is not a URL/],
  [`${LOCAL}LOCAL_CREDMON_ISSUER = http://ap`, 'warning', /verifiers elsewhere cannot/],
  [`${LOCAL}LOCAL_CREDMON_PRIVATE_KEY = key.pem`, 'error', /expected an absolute path/],
  [`${LOCAL}LOCAL_CREDMON_PRIVATE_KEY_ALGORITHM = HS256`, 'error', /expected one of ES256, RS256, EdDSA/],
  [`${LOCAL}CREDMON_WEB_PREFIX = ap.example`, 'error', /CREDMON_WEB_PREFIX: expected an https URL/],
  [`${LOCAL}OAUTH2_CREDMON_PROVIDER_NAMES = m`, 'error', /m_CLIENT_ID is not set/],
  [
    `${LOCAL}OAUTH2_CREDMON_PROVIDER_NAMES = m\nM_CLIENT_ID = 1`,
    'error',
    /neither an issuer nor a token URL/,
  ],
  [
    `${LOCAL}OAUTH2_CREDMON_PROVIDER_NAMES = m\nM_CLIENT_ID = 1\nM_TOKEN_URL = https://t`,
    'warning',
    /nobody can log in/,
  ],
  [
    `${LOCAL}OAUTH2_CREDMON_PROVIDER_NAMES = m\nM_CLIENT_ID = 1\nM_TOKEN_URL = http://t`,
    'error',
    /expected an https URL/,
  ],
  [
    `${LOCAL}OAUTH2_CREDMON_PROVIDER_NAMES = m\nM_CLIENT_ID = 1\nM_CLIENT_AUTHENTICATION = client_secret_basic`,
    'error',
    /needs a client secret file/,
  ],
  [
    `${LOCAL}CLIENT_CREDMON_PROVIDER_NAMES = m\nCLIENT_CREDMON_M_CLIENT_ID = 1`,
    'error',
    /anybody could ask without/,
  ],
  [
    `${LOCAL}PELICAN_CREDMON_PROVIDER_NAMES = p\nPELICAN_CREDMON_TLS_SKIP_VERIFY = 1`,
    'warning',
    /the server is not verified/,
  ],
  [
    `${LOCAL}LOCAL_CREDMON_PROVIDER_NAMES = m\nPELICAN_CREDMON_PROVIDER_NAMES = m`,
    'warning',
    /in two lists: it is served as local/,
  ],
  [`${LOCAL}LOCAL_CREDMON_PROVIDER_NAMES = m M`, 'warning', /differ in letter case only/],
  [`${LOCAL}LATCHKEY_CREDMON_SEAL = true`, 'error', /cannot be sealed without a state directory/],
  [`${LOCAL}LATCHKEY_CREDMON_STATE = /creds/state`, 'error', /inside the credential directory/],
  [`${LOCAL}LOCAL_CREDMON_KRB_MODE = True`, 'warning', /Kerberos directories are not served/],
  [`${LOCAL}MAX_CREDMON_OAUTH_LOG = 1 day`, 'warning', /only sizes are understood/],
  [
    `${LOCAL}CREDMON_WEB_PREFIX = $(CREDMON_WEB_PREFIX_)\nCREDMON_WEB_PREFIX_ = $(CREDMON_WEB_PREFIX)`,
    'error',
    /rests on itself/,
  ],
];

for (const [text, severity, expected] of TOLD) {
  const last = text.trimEnd().split('\n').at(-1);
  test(`${severity} for ${last}`, () => {
    const told = messages(settingsOf(text), severity);
    assert.ok(
      told.some((message) => expected.test(message)),
      JSON.stringify(told),
    );
  });
}

test('findings say where the value stands', () => {
  const { findings } = settingsOf(`${LOCAL}LOCAL_CREDMON_TOKEN_LIFETIME = soon`);
  const found = findings.find(({ key }) => key === 'LOCAL_CREDMON_TOKEN_LIFETIME');
  assert.equal(found?.origin, '/c, line 3');
});

test('a provider that cannot work is one finding, the others are served', () => {
  const settings = settingsOf(
    `${LOCAL}LOCAL_CREDMON_PROVIDER_NAMES = good bad\nLOCAL_CREDMON_bad_AUTHZ_TEMPLATE_EXPR = nonsense(`,
  );
  assert.equal(provider(settings, 'good', 'local').audience.length, 1);
  assert.deepEqual(
    messages(settings, 'error').filter((message) => !message.startsWith('bad: ')),
    [],
  );
});

test('any values of known keys give settings or a configuration error', () => {
  const key = fc.constantFrom(
    'LOCAL_CREDMON_PROVIDER_NAMES',
    'LOCAL_CREDMON_TOKEN_LIFETIME',
    'CREDMON_WEB_PREFIX',
    'M_CLIENT_ID',
    'M_TOKEN_URL',
    'MAX_CREDMON_OAUTH_LOG',
    'LOCAL_CREDMON_ISSUER',
    'LOCAL_CREDMON_AUTHZ_TEMPLATE',
    'LOCAL_CREDMON_AUTHZ_TEMPLATE_EXPR',
    'VAULT_CREDMON_PROVIDER_NAMES',
    'LATCHKEY_CREDMON_STATE',
    'CREDMON_ALLOW_SPECIAL_CHAR_NAMES',
  );
  const text = fc.string().map((one) => one.replace(/[\n\\]/g, ''));
  fc.assert(
    fc.property(fc.dictionary(key, text), text, (values, name) => {
      const lines = Object.entries(values).map(([one, given]) => `${one} = ${given}\n`);
      try {
        settingsOf(`${DIRECTORY}${lines.join('')}`).providerOf(name);
      } catch (error) {
        assert.ok(isLatchkeyError(error) && error.code.startsWith('config/'), String(error));
      }
    }),
    { seed: 4 },
  );
});
