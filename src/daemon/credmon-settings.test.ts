import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CredmonSettings } from '../credmon/index.ts';
import { CREDMON_KEYS } from '../credmon/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import { settingsFromToml, type TomlSettingsOptions } from './credmon-settings.ts';
import { parseSettings } from './settings-document.ts';
import { SETTINGS_SCHEMA } from './settings-schema.ts';

function settingsOf(text: string, more: Partial<TomlSettingsOptions> = {}): CredmonSettings {
  const { credmon } = parseSettings(text, 'latchkey.toml');
  assert.ok(credmon);
  return settingsFromToml(credmon, { base: '/etc/latchkey', fullHostName: 'ap.example', ...more });
}

function refusal(text: string): string {
  try {
    settingsOf(text);
  } catch (error) {
    if (isLatchkeyError(error, 'config/invalid')) return error.message;
    throw error;
  }
  return assert.fail('was accepted');
}

test('a directory is enough; defaults are those of HTCondor’s configuration', () => {
  const settings = settingsOf('[credmon]\ndirectory = "creds"\n[credmon.local.scitokens]\n');
  const { providerOf: _, namedProviders, findings, ...plain } = settings;
  assert.deepEqual(plain, {
    name: 'CREDMON_OAUTH',
    directory: '/etc/latchkey/creds',
    log: { file: undefined, maxBytes: 10 << 20, maxFiles: 1, isVerbose: false },
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
  const [local] = namedProviders;
  assert.equal(local?.mode === 'local' && local.issuer, 'https://ap.example');
  assert.equal(local?.mode === 'local' && local.publicKeyFile, '/etc/condor/scitokens.pem');
  assert.ok(
    findings.some(({ message, severity }) => severity === 'error' && /need an audience/.test(message)),
  );
});

const FULL = `[credmon]
directory = "/creds"
state = "state"
scan = 10
web_prefix = "https://ap.example/credmon/"
[credmon.log]
file = "credmon.log"
verbose = true
[credmon.local.scitokens]
issuer = "https://issuer.example"
private_key = "key.pem"
audience = ["https://a.example"]
lifetime = 3600
[credmon.oauth.mytokens]
issuer = "https://op.example"
client_id = "ap1"
client_secret_file = "secret"
exchange_per_handle = true
[credmon.client.robot]
issuer = "https://op.example"
client_id = "robot"
client_key_file = "robot.pem"
[credmon.vault]
trusted_hosts = ["vault.example"]
[credmon.pelican.osdf]
client_id = "p"
`;

test('every kind of provider; paths start at the file', () => {
  const settings = settingsOf(FULL);
  assert.deepEqual(settings.findings, []);
  assert.equal(settings.stateDirectory, '/etc/latchkey/state');
  assert.equal(settings.sealRefreshTokens, true);
  assert.equal(settings.webPrefix, 'https://ap.example/credmon');
  assert.equal(settings.log.file, '/etc/latchkey/credmon.log');
  assert.deepEqual(
    settings.namedProviders.map(({ name, mode }) => `${mode} ${name}`),
    ['local scitokens', 'client robot', 'oauth mytokens', 'pelican osdf'],
  );
  const mytokens = settings.providerOf('mytokens');
  assert.ok(mytokens?.mode === 'oauth');
  assert.equal(mytokens.clientSecretFile, '/etc/latchkey/secret');
  assert.equal(mytokens.clientAuthentication, 'client_secret_post');
  const robot = settings.providerOf('robot');
  assert.equal(robot?.mode === 'client' && robot.clientAuthentication, 'private_key_jwt');
  const local = settings.providerOf('scitokens');
  assert.equal(local?.mode === 'local' && local.publicKeyFile, undefined);
  const vault = settings.providerOf('dune');
  assert.deepEqual(vault?.mode === 'vault' && vault.trustedHosts, ['vault.example']);
  assert.equal(settings.providerOf('..'), undefined);
});

test('without [credmon.vault] other names have no provider; with names only those', () => {
  assert.equal(settingsOf('[credmon]\ndirectory = "/c"\n').providerOf('dune'), undefined);
  const settings = settingsOf('[credmon]\ndirectory = "/c"\n[credmon.vault]\nnames = ["dune"]\n');
  assert.equal(settings.providerOf('dune')?.mode, 'vault');
  assert.equal(settings.providerOf('other'), undefined);
});

test('what cannot be is refused, and where it stands is said', () => {
  assert.match(refusal('[credmon]\ndirectory = "/c"\n[credmon.local.my_tokens]\n'), /"my_tokens"/);
  assert.match(refusal('[credmon]\ndirectory = "/c"\nweb_prefix = "ap"\n'), /credmon\.web_prefix/);
  assert.match(
    refusal(
      '[credmon]\ndirectory = "/c"\n[credmon.oauth.m]\nclient_id = "a"\nissuer = "http://op.example"\n',
    ),
    /credmon\.oauth\.m\.issuer: expected an https URL/,
  );
  assert.match(refusal('[credmon]\n'), /credmon\.directory/);
  assert.match(refusal('[credmon]\ndirectory = "/c"\nstat = "x"\n'), /"credmon\.stat": did you mean state\?/);
  assert.match(
    refusal('[credmon]\ndirectory = "/c"\n[credmon.local.m]\nisuer = "x"\n'),
    /unknown key "credmon\.local\.m\.isuer": did you mean issuer\?/,
  );
  assert.match(refusal('[credmon]\ndirectory = "/c"\n[credmon.log]\nfil = "x"\n'), /did you mean file\?/);
});

test('the schema and the table of keys know the same names', () => {
  const { entries } = SETTINGS_SCHEMA.entries.credmon.wrapped;
  const tables: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    local: entries.local.wrapped.value.entries,
    oauth: entries.oauth.wrapped.value.entries,
    client: entries.client.wrapped.value.entries,
    web: entries.web.wrapped.entries,
    told: entries.told.wrapped.entries,
    vault: entries.vault.wrapped.entries,
    pelican: entries.pelican.wrapped.value.entries,
  };
  for (const [title, keys] of Object.entries(CREDMON_KEYS)) {
    const [, table] = /\[credmon\.(\w+)/.exec(title) ?? [];
    const names = keys.flatMap(({ toml }) => toml ?? []).sort();
    if (title === 'Which provider serves a name') assert.deepEqual(names, []);
    else if (table === undefined) {
      const log = Object.keys(entries.log.wrapped.entries).map((name) => `log.${name}`);
      const plain = Object.keys(entries).filter((name) => name !== 'log' && !(name in tables));
      assert.deepEqual([...plain, ...log].sort(), names);
    } else {
      // Names and the least life have keys of their own for all modes in HTCondor's configuration.
      const extra = { vault: ['names'], pelican: ['minimum'] }[table] ?? [];
      assert.deepEqual(
        Object.keys(tables[table] ?? {})
          .filter((name) => !extra.includes(name))
          .sort(),
        names,
        table,
      );
    }
  }
});
