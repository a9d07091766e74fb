import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../../kit/index.ts';
import { defaultBitsOf, parseClientConfig } from './config-file.ts';

const TEXT = `# a client's settings
[DEFAULT]
hostname = myproxy.example.org   ; the old one
PORT: 7513
serverDN = /O=Grid/OU=a b/CN=host/myproxy.example.org
somethingElse = 1
[second]
hostname = other.example.org
proxyCertLifetime = 3600
proxyCertMaxLifetime = 7200
caCertDir = /etc/grid-security/certificates
openSSLConfFilePath = /etc/ssl/openssl.cnf
`;

test('the DEFAULT section, by the names of the Python client', () => {
  assert.deepEqual(parseClientConfig(TEXT), {
    hostname: 'myproxy.example.org',
    port: 7513,
    serverDN: '/O=Grid/OU=a b/CN=host/myproxy.example.org',
  });
});

test('another section adds to it and wins', () => {
  assert.deepEqual(parseClientConfig(TEXT, 'second'), {
    hostname: 'other.example.org',
    port: 7513,
    serverDN: '/O=Grid/OU=a b/CN=host/myproxy.example.org',
    proxyCertLifetime: 3600,
    proxyCertMaxLifetime: 7200,
    caCertDir: '/etc/grid-security/certificates',
    openSSLConfFilePath: '/etc/ssl/openssl.cnf',
  });
});

test('what is wrong is told by its line or its name', () => {
  assert.throws(
    () => parseClientConfig('hostname = a\nnonsense'),
    (error) => isLatchkeyError(error, 'config/malformed') && /line 2/.test(error.message),
  );
  assert.throws(
    () => parseClientConfig('proxyCertLifetime = 12h'),
    (error) => isLatchkeyError(error, 'config/invalid') && /proxyCertLifetime/.test(error.message),
  );
});

test('the key size of an OpenSSL configuration', () => {
  const text = 'HOME = .\n.include /etc/x\n[ req ]\ndefault_bits = 3072 # bits\n[ ca ]\ndefault_bits = 1\n';
  assert.equal(defaultBitsOf(text), 3072);
  assert.equal(defaultBitsOf('[req]\nprompt = no\n'), undefined);
});

test('a line of blanks costs no time', () => {
  const started = performance.now();
  assert.throws(() => parseClientConfig(`a${' '.repeat(100_000)}b`), /expected "name = value"/);
  assert.ok(performance.now() - started < 2_000);
});

test('no text makes it throw anything else', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseClientConfig(text);
      } catch (error) {
        assert.ok(isLatchkeyError(error));
      }
    }),
  );
});
