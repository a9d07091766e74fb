import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../../kit/index.ts';
import { readEnvironment } from './environment.ts';

test('an empty environment gives the safe defaults', () => {
  assert.deepEqual(readEnvironment({ MYPROXY_SERVER: '', MYPROXY_SERVER_PORT: ' ' }), {
    nameCompatibility: 'strict',
    minTlsVersion: 'TLSv1.2',
    maxTlsVersion: 'TLSv1.3',
  });
});

test('every variable is read', () => {
  assert.deepEqual(
    readEnvironment({
      MYPROXY_SERVER: 'a,b:1',
      MYPROXY_SERVER_PORT: '7513',
      MYPROXY_SERVER_DN: '/O=Grid/CN=host/a',
      MYPROXY_SOCKET_TIMEOUT: '3',
      MYPROXY_TCP_PORT_RANGE: '40000,40010',
      GLOBUS_TCP_PORT_RANGE: '1,2',
      MYPROXY_KEYBITS: '3072',
      GLOBUS_GSSAPI_NAME_COMPATIBILITY: 'HYBRID',
      GLOBUS_GSSAPI_MAX_TLS_PROTOCOL: 'TLS1_2_VERSION',
      GLOBUS_GSSAPI_CIPHERS: 'HIGH',
    }),
    {
      servers: 'a,b:1',
      port: 7513,
      serverDN: '/O=Grid/CN=host/a',
      connectTimeoutMs: 3000,
      portRange: { min: 40000, max: 40010 },
      keyBits: 3072,
      nameCompatibility: 'hybrid',
      minTlsVersion: 'TLSv1.2',
      maxTlsVersion: 'TLSv1.2',
      ciphers: 'HIGH',
    },
  );
});

test('a TLS version older than 1.2 is never offered', () => {
  const { minTlsVersion } = readEnvironment({ GLOBUS_GSSAPI_MIN_TLS_PROTOCOL: 'TLS1_VERSION_DEPRECATED' });
  assert.equal(minTlsVersion, 'TLSv1.2');
});

test('a value that cannot be is refused with the name of its variable', () => {
  const bad = {
    MYPROXY_SERVER_PORT: '75x',
    MYPROXY_SOCKET_TIMEOUT: '0',
    MYPROXY_TCP_PORT_RANGE: '5,4',
    MYPROXY_KEYBITS: '512',
    GLOBUS_GSSAPI_NAME_COMPATIBILITY: 'toString',
    GLOBUS_GSSAPI_MAX_TLS_PROTOCOL: 'SSLv3',
  };
  for (const [name, value] of Object.entries(bad)) {
    assert.throws(
      () => readEnvironment({ [name]: value }),
      (error) => isLatchkeyError(error, 'config/invalid') && error.message.includes(name),
      name,
    );
  }
});
