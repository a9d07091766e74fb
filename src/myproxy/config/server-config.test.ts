import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkPolicies } from './check-policies.ts';
import { checkServerConfig, requireNoErrors } from './check-server-config.ts';
import type { ConfigFinding } from './config-finding.ts';
import { loadServerConfig, locateServerConfig } from './load-server-config.ts';
import { parseServerConfig } from './parse-server-config.ts';
import { SERVER_CONFIG_KEYS } from './server-config-keys.ts';
import { tokenizeConfig } from './tokenizer.ts';

const tokens = (line: string) => tokenizeConfig(line)[0]?.tokens ?? [];
const codes = (findings: readonly ConfigFinding[]) =>
  findings.map(({ severity, code, key }) => `${severity} ${code} ${key ?? ''}`.trim());
const config = (text: string) => parseServerConfig(text).config;
const findingsOf = (text: string) => codes(parseServerConfig(text).findings);

test('tokens: quotes group, backslashes stay, # begins a comment only at the start of a token', () => {
  assert.deepEqual(tokens('key  "a b"\tc'), ['key', 'a b', 'c']);
  assert.deepEqual(tokens('key "a \\"b\\" c" d'), ['key', 'a \\"b\\" c', 'd']);
  assert.deepEqual(tokens('key "/CN=\\*\\.x"'), ['key', '/CN=\\*\\.x']);
  assert.deepEqual(tokens('key a#b # c'), ['key', 'a#b']);
  assert.deepEqual(tokens('key "#a"#b'), ['key', '#a']);
  assert.deepEqual(tokens('key "a"b'), ['key', 'a', 'b']);
  assert.deepEqual(tokens('key a"b c"'), ['key', 'a"b', 'c"']);
  assert.deepEqual(tokens('key "" x'), ['key', '', 'x']);
  assert.deepEqual(tokens('  # comment'), []);
  assert.deepEqual(tokens('key value\r'), ['key', 'value']);
  assert.deepEqual(tokenizeConfig('\n\nkey "a b')[0], {
    number: 3,
    tokens: ['key', 'a b'],
    defect: 'unclosed-quote',
  });
});

test('lines beyond the C buffer are an error, because the C server reads them as two', () => {
  assert.deepEqual(findingsOf(`accepted_credentials "${'x'.repeat(998)}"`), []);
  assert.deepEqual(findingsOf(`accepted_credentials "${'x'.repeat(1000)}"`), ['error config/line-too-long']);
  assert.deepEqual(findingsOf(`# ${'x'.repeat(2000)}`), ['error config/line-too-long']);
});

// The policy of `myproxy-test`, which the C package documents as its sample.
const SAMPLE = `
accepted_credentials       "*"
authorized_retrievers      "*"
default_retrievers         "*"
authorized_renewers        "*"
default_renewers           "none"
authorized_key_retrievers  "*"
default_key_retrievers     "none"
trusted_retrievers         "*"
default_trusted_retrievers "none"
passphrase_policy_program /bin/true
accepted_credentials_mapapp /bin/true
allow_self_authorization true
check_multiple_credentials true
`;

test('the sample policy is read as it stands, and may start', async () => {
  const { config, findings, settings } = parseServerConfig(SAMPLE);
  assert.deepEqual(findings, []);
  assert.deepEqual(config.trustedRetrievers, ['*']);
  assert.deepEqual(config.defaultTrustedRetrievers, ['none']);
  assert.equal(config.allowSelfAuthorization, true);
  assert.equal(config.checkMultipleCredentials, true);
  assert.equal(config.ignoreGlobusLimitedProxyFlag, false);
  assert.equal(config.passPhrasePolicyProgram, '/bin/true');
  assert.equal(config.requestTimeoutSeconds, 120);
  assert.equal(config.requestSizeLimitBytes, 1 << 20);
  assert.equal(settings.length, 13);
  assert.deepEqual(settings[0], { key: 'accepted_credentials', values: ['*'], line: 2 });
  const checked = await checkServerConfig(config);
  assert.doesNotThrow(() => requireNoErrors(checked, 'x'));
  assert.deepEqual(codes(checked), [
    'notice policy/open accepted_credentials',
    'notice policy/open authorized_retrievers',
  ]);
});

test('lists repeat and take several values; old names are read; single keys: the last counts', () => {
  const { config, findings } = parseServerConfig(
    'accepted_credentials a "b c"\nallowed_clients d\nallowed_services e\nmax_proxy_lifetime 12\nmax_proxy_lifetime 24\n',
  );
  assert.deepEqual(config.acceptedCredentials, ['a', 'b c', 'd']);
  assert.deepEqual(config.authorizedRetrievers, ['e']);
  assert.equal(config.maxProxyLifetimeSeconds, 24 * 3600);
  assert.deepEqual(codes(findings), [
    'notice config/old-name allowed_clients',
    'notice config/old-name allowed_services',
    'warning config/repeated max_proxy_lifetime',
  ]);
  assert.equal(config.defaultRetrievers, undefined, 'absent is not empty');
});

test('booleans: the C words, anything else is false and said so', () => {
  for (const word of ['true', 'TRUE', 'Enabled', 'yes', 'on', '1']) {
    assert.equal(config(`allow_self_authorization ${word}`).allowSelfAuthorization, true, word);
  }
  for (const word of ['false', 'no', '0', 'off', 'disabled']) {
    assert.equal(config(`allow_self_authorization ${word}`).allowSelfAuthorization, false, word);
    assert.deepEqual(findingsOf(`allow_self_authorization ${word}`), [], word);
  }
  assert.equal(config('allow_self_authorization ture').allowSelfAuthorization, false);
  assert.deepEqual(findingsOf('allow_self_authorization ture'), [
    'warning config/boolean allow_self_authorization',
  ]);
});

test('limits: 0 hours is none, a negative timeout and a size of 0 are no limit, a timeout of 0 is the default', () => {
  assert.equal(config('max_cred_lifetime 0').maxCredentialLifetimeSeconds, undefined);
  assert.equal(config('max_cred_lifetime 2').maxCredentialLifetimeSeconds, 7200);
  assert.equal(config('request_timeout -1').requestTimeoutSeconds, undefined);
  assert.equal(config('request_timeout 0').requestTimeoutSeconds, 120);
  assert.equal(config('request_timeout 5').requestTimeoutSeconds, 5);
  assert.equal(config('request_size_limit 0').requestSizeLimitBytes, undefined);
  assert.equal(config('request_size_limit 4096').requestSizeLimitBytes, 4096);
});

test('what the C server refuses, or would silently read as something else, is an error', () => {
  assert.deepEqual(findingsOf('max_proxy_lifetime'), ['error config/argument-count max_proxy_lifetime']);
  assert.deepEqual(findingsOf('max_proxy_lifetime 1 2'), ['error config/argument-count max_proxy_lifetime']);
  assert.deepEqual(findingsOf('max_proxy_lifetime 12h'), ['error config/number max_proxy_lifetime']);
  assert.deepEqual(findingsOf('max_proxy_lifetime -1'), ['error config/number max_proxy_lifetime']);
  assert.deepEqual(findingsOf('pam maybe'), ['error config/status pam']);
  assert.deepEqual(findingsOf('trusted_retrievers'), ['warning config/no-values trusted_retrievers']);
  assert.deepEqual(findingsOf('cert_dir certs'), ['warning config/path-relative cert_dir']);
  assert.throws(() => requireNoErrors(parseServerConfig('pam maybe').findings, 'x.config'), {
    code: 'config/invalid',
  });
});

test('a misspelt key has no effect and a suggestion', () => {
  const [finding] = parseServerConfig('\nauthorised_retreivers "*"\n').findings;
  assert.equal(finding?.severity, 'warning');
  assert.equal(finding?.index, 2);
  assert.equal(finding?.hint, 'perhaps authorized_retrievers is meant');
});

test('what would make the server less strict than the file asks for keeps it from starting', () => {
  assert.deepEqual(findingsOf('pam "required"'), ['error config/not-supported-yet pam']);
  assert.deepEqual(findingsOf('sasl "required"'), ['error config/not-supported-yet sasl']);
  assert.deepEqual(findingsOf('ocsp_policy aia'), ['error config/not-supported-yet ocsp_policy']);
  assert.deepEqual(findingsOf('pam "sufficient"'), ['warning config/not-supported-yet pam']);
  assert.deepEqual(findingsOf('pam "disabled"'), []);
  assert.deepEqual(findingsOf('allow_voms_attribute_requests false'), []);
  assert.deepEqual(findingsOf('certificate_issuer_cert /x'), [
    'warning config/not-supported-yet certificate_issuer_cert',
  ]);
  assert.deepEqual(config('certificate_issuer_cert /x').later.get('certificate_issuer_cert'), ['/x']);
  assert.deepEqual(findingsOf('slave_servers a;b'), ['notice config/unused slave_servers']);
});

test('every key of the table is read: its value changes the configuration or is kept for later', () => {
  const empty = JSON.stringify(plain(''));
  const value = { boolean: 'true', hours: '3', seconds: '3', bytes: '3', number: '3', status: 'sufficient' };
  for (const row of SERVER_CONFIG_KEYS) {
    if (row.support === 'unused') continue;
    const given = (value as Record<string, string>)[row.type] ?? '/x';
    assert.notEqual(JSON.stringify(plain(`${row.key} ${given}`)), empty, row.key);
    assert.ok(row.doc.length > 0);
  }
  assert.equal(new Set(SERVER_CONFIG_KEYS.map((row) => row.key)).size, SERVER_CONFIG_KEYS.length);
});

function plain(text: string) {
  const { later, secrets, ...rest } = config(text);
  return { ...rest, later: [...later], secrets: [...secrets] };
}

test('a pass phrase in the file is a secret, and no finding or setting shows it', () => {
  const parsed = parseServerConfig(
    'certificate_issuer_key_passphrase "canary phrase"\nca_ldap_connect_passphrase "canary two" x\n',
  );
  assert.equal(parsed.config.secrets.get('certificate_issuer_key_passphrase')?.revealText(), 'canary phrase');
  const shown = JSON.stringify([
    parsed.settings,
    parsed.findings,
    plain('certificate_issuer_key_passphrase canary'),
  ]);
  assert.doesNotMatch(shown, /canary/);
});

test('unsafe and open policies', () => {
  const check = (text: string) =>
    codes(checkPolicies(config(`accepted_credentials x\nauthorized_retrievers x\n${text}`)));
  assert.deepEqual(check('trusted_retrievers *'), ['error policy/unsafe trusted_retrievers']);
  assert.deepEqual(check('trusted_retrievers a *\ndefault_trusted_retrievers none "*"'), [
    'error policy/unsafe trusted_retrievers',
  ]);
  assert.deepEqual(check('trusted_retrievers "SUBJECT:*"'), ['error policy/unsafe trusted_retrievers']);
  assert.deepEqual(check('trusted_retrievers *\ndefault_trusted_retrievers none'), []);
  assert.deepEqual(check('trusted_retrievers "*/CN=portal"'), []);
  assert.deepEqual(check('authorized_key_retrievers *'), ['warning policy/open authorized_key_retrievers']);
  assert.deepEqual(check('authorized_key_retrievers *\ndefault_key_retrievers none'), []);
  assert.deepEqual(check('authorized_renewers *\ndefault_renewers *'), [
    'warning policy/open authorized_renewers',
  ]);
  assert.deepEqual(check('ignore_globus_limited_proxy_flag yes'), [
    'warning policy/open ignore_globus_limited_proxy_flag',
  ]);
  assert.deepEqual(check('default_renewers x'), ['notice policy/no-effect default_renewers']);
});

test('contradictions', () => {
  const check = (text: string) => codes(checkPolicies(config(`accepted_credentials x\n${text}`)));
  assert.deepEqual(check('certificate_issuer_cert /a\ncertificate_issuer_program /b'), [
    'error config/contradiction certificate_issuer_program',
  ]);
  assert.deepEqual(check('proxy_extfile /a\nproxy_extapp /b'), ['error config/contradiction proxy_extfile']);
  assert.deepEqual(check('ca_ldap_server ldap://x'), [
    'error config/contradiction ca_ldap_server',
    'error config/contradiction ca_ldap_server',
  ]);
  assert.deepEqual(check('accepted_credentials_mapapp /a\naccepted_credentials_mapfile /b'), [
    'warning config/contradiction accepted_credentials_mapfile',
  ]);
  assert.deepEqual(codes(checkPolicies(config(''))), ['warning config/contradiction accepted_credentials']);
});

test('files and programs that the configuration names', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-config-'));
  try {
    const certificates = join(directory, 'certificates');
    await mkdir(certificates);
    const program = join(directory, 'program');
    await writeFile(program, '#!/bin/sh\n');
    const check = async (text: string) =>
      (await checkServerConfig(config(`accepted_credentials x\n${text}`))).map(({ severity, message }) =>
        `${severity} ${message}`.replaceAll(directory, 'D'),
      );
    assert.deepEqual(await check(`passphrase_policy_program ${program}`), [
      'error passphrase_policy_program "D/program" is not executable',
    ]);
    await chmod(program, 0o755);
    assert.deepEqual(
      await check(`passphrase_policy_program ${program}\naccepted_credentials_mapapp ${program}`),
      [],
    );
    await chmod(program, 0o777);
    assert.match((await check(`passphrase_policy_program ${program}`)).join(), /can be changed by everybody/);
    assert.deepEqual(await check(`accepted_credentials_mapapp ${directory}/none`), [
      'error accepted_credentials_mapapp "D/none" cannot be run: it does not exist',
    ]);
    assert.deepEqual(await check(`accepted_credentials_mapfile ${directory}/none`), [
      'error accepted_credentials_mapfile "D/none" cannot be read: it does not exist',
    ]);
    assert.deepEqual(await check(`cert_dir ${certificates}`), [
      'warning cert_dir "D/certificates" has no files',
    ]);
    await writeFile(join(certificates, 'a.0'), 'x');
    await chmod(join(certificates, 'a.0'), 0o644);
    assert.deepEqual(await check(`cert_dir ${certificates}`), []);
    await chmod(join(certificates, 'a.0'), 0o600);
    assert.deepEqual(await check(`cert_dir ${certificates}`), [
      'error file "a.0" of cert_dir is not readable by everybody, so it may be private',
    ]);
    assert.deepEqual(await check(`cert_dir ${program}`), ['error cert_dir "D/program" is not a directory']);

    const path = join(directory, 'myproxy-server.config');
    await writeFile(path, 'accepted_credentials x\npam required\ncert_dir /none\n');
    const loaded = await loadServerConfig(path);
    assert.deepEqual(codes(loaded.findings), [
      'error config/not-supported-yet pam',
      'error config/file cert_dir',
    ]);
    await assert.rejects(loadServerConfig(join(directory, 'none')), { code: 'config/missing' });
    await mkdir(join(directory, 'etc'));
    await writeFile(join(directory, 'etc/myproxy-server.config'), '');
    const located = await locateServerConfig({ GLOBUS_LOCATION: directory });
    assert.ok(
      located === '/etc/myproxy-server.config' || located === join(directory, 'etc/myproxy-server.config'),
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('no text makes the parser throw', () => {
  const words = SERVER_CONFIG_KEYS.map((row) => row.key);
  const word = fc.oneof(
    fc.constantFrom(
      ...words,
      '"',
      '\\',
      '\\"',
      '#',
      ' ',
      '\t',
      '\n',
      '\r',
      '"a b"',
      '*',
      '12',
      '-1',
      'true',
      'required',
    ),
    fc.string({ unit: 'binary', maxLength: 6 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (parts) => {
      const { config, findings } = parseServerConfig(parts.join(''));
      assert.ok(Array.isArray(findings));
      checkPolicies(config);
    }),
    { numRuns: 3000 },
  );
});
