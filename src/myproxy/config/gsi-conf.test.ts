import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadGsiConf, parseGsiConf } from './gsi-conf.ts';

test('without a file the defaults of the library hold', async () => {
  const expected = {
    minTls: 'TLSv1.2',
    maxTls: undefined,
    ciphers: 'HIGH',
    serverCipherOrder: true,
    nameCompatibility: 'STRICT_RFC2818',
    findings: [],
  };
  assert.deepEqual(parseGsiConf(''), expected);
  assert.deepEqual(await loadGsiConf({}, '/nonexistent/gsi.conf'), expected);
});

// The file as the distributions ship it.
const SHIPPED = `# Minimum TLS version
MIN_TLS_PROTOCOL=TLS1_2_VERSION
# MAX_TLS_PROTOCOL=
CIPHERS=HIGH
SERVER_CIPHER_ORDER=true
NAME_COMPATIBILITY=STRICT_RFC2818 # strict
VHOST_CRED_OWNER=root
`;

test('the file is read, and the environment wins', () => {
  assert.deepEqual(parseGsiConf(SHIPPED).findings, []);
  const conf = parseGsiConf(SHIPPED, {
    GLOBUS_GSSAPI_NAME_COMPATIBILITY: 'HYBRID',
    GLOBUS_GSSAPI_MAX_TLS_PROTOCOL: 'TLS1_2_VERSION',
    GLOBUS_GSSAPI_CIPHERS: 'ECDHE+AESGCM',
  });
  assert.equal(conf.nameCompatibility, 'HYBRID');
  assert.equal(conf.maxTls, 'TLSv1.2');
  assert.equal(conf.ciphers, 'ECDHE+AESGCM');
});

test('unknown values fall back to the default, weak ones are said', () => {
  const odd = parseGsiConf('MIN_TLS_PROTOCOL=SSLv3\nNAME_COMPATIBILITY=LAX\n');
  assert.equal(odd.minTls, 'TLSv1.2');
  assert.equal(odd.nameCompatibility, 'STRICT_RFC2818');
  assert.deepEqual(
    odd.findings.map((finding) => finding.key),
    ['MIN_TLS_PROTOCOL', 'NAME_COMPATIBILITY'],
  );
  const weak = parseGsiConf('MIN_TLS_PROTOCOL=TLS1_VERSION_DEPRECATED\n');
  assert.equal(weak.minTls, 'TLSv1');
  assert.match(weak.findings[0]?.message ?? '', /allows TLSv1, which is broken/);
  assert.equal(parseGsiConf('MIN_TLS_PROTOCOL=0').minTls, undefined);
});

test('a line without = is refused, as the library does', () => {
  assert.throws(() => parseGsiConf('CIPHERS=HIGH\nwhat\n'), { code: 'config/malformed', message: /line 2/ });
});
