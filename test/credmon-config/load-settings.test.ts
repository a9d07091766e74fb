import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadCondorConfig } from '../../src/credmon/index.ts';
import { loadCredmonSettings } from '../../src/daemon/index.ts';
import { createKeyRing } from '../../src/tokens/index.ts';
import { workspace } from '../support/workspace.ts';

/** A machine's configuration in a private directory, and an environment that finds it and no `condor_config_val`. */
function machine(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): { at: (name: string) => string; env: NodeJS.ProcessEnv } {
  const directory = workspace(t);
  const at = (name: string): string => join(directory, name);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(at(name), '..'), { recursive: true });
    writeFileSync(at(name), text.replaceAll('@@', directory));
  }
  mkdirSync(at('bin'), { recursive: true });
  return { at, env: { PATH: at('bin'), CONDOR_CONFIG: at('condor_config') } };
}

function program(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

test('HTCondor’s files, read without HTCondor: origins, directories, links, the environment', async (t) => {
  const { at, env } = machine(t, {
    condor_config: 'LOCAL_CONFIG_DIR = @@/config.d\nLOG = @@/log\n',
    'config.d/00-oauth': 'use feature:OAUTH\nSEC_CREDENTIAL_DIRECTORY_OAUTH = @@/creds\n',
    'config.d/50-credmon.conf': 'LOCAL_CREDMON_TOKEN_AUDIENCE = https://a.example\nLOCAL_CREDMON_ISSUR = x\n',
    'config.d/sub/ignored': 'error : a directory is not a file\n',
    elsewhere: 'LOCAL_CREDMON_KEY_ID = linked\n',
  });
  symlinkSync(at('elsewhere'), at('config.d/60-link'));
  symlinkSync(at('nowhere'), at('config.d/70-dangling'));
  const config = await loadCondorConfig({
    env: { ...env, _CONDOR_LOCAL_CREDMON_TOKEN_LIFETIME: '(60 * 30)' },
  });
  assert.equal(config.reader, 'latchkey');
  assert.deepEqual(config.files, [
    at('condor_config'),
    at('config.d/00-oauth'),
    at('config.d/50-credmon.conf'),
    at('config.d/60-link'),
  ]);
  assert.deepEqual(config.value('SEC_CREDENTIAL_DIRECTORY_OAUTH')?.origin, {
    file: at('config.d/00-oauth'),
    line: 2,
  });
  assert.equal(config.integer('LOCAL_CREDMON_TOKEN_LIFETIME'), 1800);
  const settings = await loadCredmonSettings({ env });
  assert.equal(settings.directory, at('creds'));
  assert.equal(settings.log.file, at('log/CredMonOAuthLog'));
  const scitokens = settings.providerOf('scitokens');
  assert.equal(scitokens?.mode === 'local' && scitokens.keyId, 'linked');
  assert.ok(
    settings.findings.some(
      ({ message, origin }) =>
        /ISSUER\?/.test(message) && origin === `${at('config.d/50-credmon.conf')}, line 2`,
    ),
  );
});

/** As HTCondor's, for one configuration: what it prints was put together from recorded answers. */
const CONFIG_VAL = `#!/bin/sh
[ "$*" = "-subsystem CREDMON_OAUTH -dump -verbose -mixedcase" ] || { echo "Not defined: $*" >&2; exit 1; }
[ -z "$CONDOR_PRIVATE_INHERIT" ] || exit 9
cat <<'END'
# Configuration from machine: ap.example

LOCAL_CREDMON_PROVIDER_NAMES = scitokens
 # at: /var/lib/condor-test/condor_config, line 44
 # raw: LOCAL_CREDMON_PROVIDER_NAMES = scitokens

SEC_CREDENTIAL_DIRECTORY_OAUTH = $(LOCAL_DIR)/oauth_credentials
 # at: /var/lib/condor-test/condor_config, line 12
 # raw: SEC_CREDENTIAL_DIRECTORY_OAUTH = $(LOCAL_DIR)/oauth_credentials

LOCAL_DIR = /var/lib/condor
 # at: <Default>

LOCAL_CREDMON_TOKEN_LIFETIME = (60 * $(MINUTE))
 # at: /var/lib/condor-test/condor_config, line 13
 # raw: LOCAL_CREDMON_TOKEN_LIFETIME = (60 * $(MINUTE))
END
`;

test('HTCondor is asked when it is there, whatever files there are, and gets no session key', async (t) => {
  const { at, env } = machine(t, { condor_config: 'SEC_CREDENTIAL_DIRECTORY_OAUTH = /wrong\n' });
  program(at('bin/condor_config_val'), CONFIG_VAL);
  const path = `${at('bin')}:/usr/bin:/bin`;
  const settings = await loadCredmonSettings({ env: { ...env, PATH: path, CONDOR_PRIVATE_INHERIT: 'key' } });
  assert.equal(settings.directory, '/var/lib/condor/oauth_credentials');
  const scitokens = settings.providerOf('scitokens');
  assert.equal(scitokens?.mode === 'local' && scitokens.lifetimeSeconds, 3600);
  const own = await loadCondorConfig({ env: { ...env, PATH: path }, reader: 'own' });
  assert.equal(own.text('SEC_CREDENTIAL_DIRECTORY_OAUTH'), '/wrong');
});

test('a configuration that HTCondor itself refuses is hopeless, and its words are shown', async (t) => {
  const { at, env } = machine(t, { condor_config: '' });
  program(at('bin/condor_config_val'), '#!/bin/sh\necho "ERROR: bad line 3" >&2\nexit 1\n');
  await assert.rejects(loadCredmonSettings({ env: { ...env, PATH: `${at('bin')}:/usr/bin:/bin` } }), {
    code: 'config/invalid',
    message: /ended with 1: "ERROR: bad line 3"/,
  });
});

test('a file that HTCondor could not read either is hopeless; commands in it are not run', async (t) => {
  const { at, env } = machine(t, {
    condor_config: 'SEC_CREDENTIAL_DIRECTORY_OAUTH = /creds\ninclude : /bin/sh -c "touch @@/ran" |\n',
    broken: 'hello\nif true\n',
  });
  const { findings } = await loadCredmonSettings({ env });
  assert.ok(findings.some(({ code }) => code === 'config/command-not-run'));
  await assert.rejects(loadCondorConfig({ env: { ...env, CONDOR_CONFIG: at('ran') } }), {
    code: 'config/missing',
  });
  await assert.rejects(loadCondorConfig({ env: { ...env, CONDOR_CONFIG: at('broken') } }), {
    code: 'config/malformed',
    message: /broken, line 1: .* \(and 1 more\)/,
  });
});

test('latchkey.toml without HTCondor', async (t) => {
  const { at, env } = machine(t, {
    'latchkey.toml': '[credmon]\ndirectory = "creds"\n',
    'other.toml': '[server]\n',
  });
  const settings = await loadCredmonSettings({ file: at('latchkey.toml'), env });
  assert.equal(settings.directory, at('creds'));
  await assert.rejects(loadCredmonSettings({ file: at('other.toml'), env }), {
    code: 'config/invalid',
    message: /\[credmon\]/,
  });
  await assert.rejects(loadCredmonSettings({ file: at('none.toml'), env }), { code: 'config/missing' });
});

test('files that settings name: missing, open, of another algorithm', async (t) => {
  const { at, env } = machine(t, {
    condor_config: `LOG = @@
SEC_CREDENTIAL_DIRECTORY_OAUTH = /creds
LOCAL_CREDMON_PROVIDER_NAMES = good open other gone
LOCAL_CREDMON_TOKEN_AUDIENCE = https://a.example
LOCAL_CREDMON_ISSUER = https://i.example
LOCAL_CREDMON_good_PRIVATE_KEY = @@/ec.pem
LOCAL_CREDMON_open_PRIVATE_KEY = @@/open.pem
LOCAL_CREDMON_other_PRIVATE_KEY = @@/ec.pem
LOCAL_CREDMON_other_PRIVATE_KEY_ALGORITHM = RS256
LOCAL_CREDMON_gone_PRIVATE_KEY = @@/gone.pem
LOCAL_CREDMON_gone_AUTHZ_GROUP_MAPFILE = @@/gone.map
OAUTH2_CREDMON_PROVIDER_NAMES = m n
M_CLIENT_ID = 1
M_ISSUER = https://op.example
M_CLIENT_SECRET_FILE = @@/secret
M_CA_FILE = @@/ca.pem
N_CLIENT_ID = 1
N_ISSUER = https://op.example
N_CLIENT_SECRET_FILE = @@/none
`,
    secret: 'canary-client-secret\n',
  });
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  });
  for (const [name, mode] of [
    ['ec.pem', 0o600],
    ['open.pem', 0o644],
    ['secret', 0o644],
  ] as const) {
    if (name !== 'secret') writeFileSync(at(name), privateKey);
    chmodSync(at(name), mode);
  }
  const { findings } = await loadCredmonSettings({ env });
  const told = findings
    .filter(({ severity }) => severity !== 'notice')
    .map(({ severity, message }) => `${severity} ${message}`);
  const expected = [
    /^warning open: others may read or change the private key/,
    /^error other: the private key .* is for ES256, and RS256 is configured/,
    /^error gone: there is no private key/,
    /^error gone: there is no group map file/,
    /^warning m: the secret file .* is open to others \(mode 0644\)/,
    /^error m: there is no file .*ca\.pem/,
    /^error n: there is no file .*none/,
  ];
  for (const one of expected)
    assert.ok(
      told.some((message) => one.test(message)),
      `${one}\n${told.join('\n')}`,
    );
  assert.equal(told.length, expected.length, told.join('\n'));
  assert.doesNotMatch(JSON.stringify(findings), /canary|PRIVATE KEY-----/);
});

test('what the monitor writes and runs itself: log, state directory, hook; a key ring is no error', async (t) => {
  const { at, env } = machine(t, {
    condor_config: `SEC_CREDENTIAL_DIRECTORY_OAUTH = /creds
LOCAL_CREDMON_TOKEN_AUDIENCE = https://a.example
LOCAL_CREDMON_ISSUER = https://i.example
LOCAL_CREDMON_PRIVATE_KEY = @@/ring
CREDMON_OAUTH_LOG = @@/nowhere/log
LATCHKEY_CREDMON_STATE = @@/state
LATCHKEY_CREDMON_HOOK_COMMAND = @@/none --quiet
`,
  });
  await createKeyRing(at('ring'), new Date());
  mkdirSync(at('state'));
  chmodSync(at('state'), 0o755);
  const { findings } = await loadCredmonSettings({ env });
  const told = findings.map(({ severity, message }) => `${severity} ${message}`);
  assert.equal(told.length, 3, told.join('\n'));
  assert.match(told.join('\n'), /^error there is no directory ".*nowhere" for the log$/m);
  assert.match(told.join('\n'), /^warning the state directory .* is not the monitor’s alone \(mode 0755/m);
  assert.match(told.join('\n'), /^error there is no program ".*none" for the hook$/m);
});

test('a secret file that credd refuses because it is not root’s', async (t) => {
  if (process.geteuid?.() !== 0) {
    t.skip('only root can give files away');
    return;
  }
  const { at, env } = machine(t, {
    condor_config:
      'SEC_CREDENTIAL_DIRECTORY_OAUTH = /creds\nOAUTH2_CREDMON_PROVIDER_NAMES = m\nM_CLIENT_ID = 1\nM_ISSUER = https://op.example\nM_CLIENT_SECRET_FILE = @@/secret\n',
    secret: 'x',
  });
  chmodSync(at('secret'), 0o600);
  chownSync(at('secret'), 12_345, 12_345);
  const { findings } = await loadCredmonSettings({ env });
  assert.ok(findings.some(({ message }) => /^m: the secret file .* does not belong to root/.test(message)));
});
