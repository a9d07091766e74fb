import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { test } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import { encodeAuthorizationReply, encodeChain } from '../../src/myproxy/index.ts';
import {
  createCertificateRequest,
  formatOneline,
  generateKeyPair,
  isLimitedChain,
  keySigner,
} from '../../src/x509/index.ts';
import {
  credentialPem,
  delegated,
  errorLines,
  type Fields,
  finishGet,
  get,
  put,
  refused,
  storeIdentity,
} from '../support/client-side.ts';
import { inProcessServer, proxyOf, type TestIdentity, testAuthority } from '../support/in-process-server.ts';

const authority = await testAuthority();
const jane = await authority.issue('Jane');
const robot = await authority.issue('Robot');

test('what PUT stores, GET delegates to whoever knows the pass phrase', async () => {
  const server = inProcessServer(authority);
  assert.deepEqual(await put(server, jane, { lifetimeSeconds: 7_200 }), { status: 'ok' });
  const { chain } = delegated(await get(server, undefined, { lifetimeSeconds: 3_600 }));
  assert.equal(chain.length, 3);
  assert.match(formatOneline(chain[0]?.subject ?? assert.fail()), /^\/O=Test\/CN=Jane\/CN=\d+\/CN=\d+$/);
  const seconds = ((chain[0]?.notAfter.getTime() ?? 0) - Date.now()) / 1_000;
  assert.ok(seconds > 3_500 && seconds <= 3_600, `${seconds}`);
  const [stored, fetched] = server.audit;
  assert.equal(stored?.command, 'PUT');
  assert.equal(stored?.client, '/O=Test/CN=Jane');
  assert.equal(fetched?.verdict, 'done');
  assert.equal(fetched?.by, 'pass-phrase');
  assert.equal(fetched?.client, '<anonymous>');
  assert.equal(fetched?.owner, '/O=Test/CN=Jane');
  assert.equal(fetched?.lifetimeSeconds, 3_600);
});

test('a wrong pass phrase is refused in the words of the C server, and leaves no trace of itself', async () => {
  const server = inProcessServer(authority);
  await put(server, jane);
  const lines = refused(await get(server, undefined, { passPhrase: new Secret('battery staple') }));
  assert.deepEqual(lines.slice(0, 2), ['Bad password', 'invalid credential passphrase']);
  const short = refused(await get(server, undefined, { passPhrase: new Secret('abc') }));
  assert.equal(short[0], 'invalid credential passphrase');
  assert.equal(server.audit.at(-1)?.verdict, 'refused');
  assert.equal(server.audit.at(-1)?.owner, '/O=Test/CN=Jane', 'whose credential it was tried on');
  assert.doesNotMatch(JSON.stringify([server.audit, server.log]), /battery|correct horse/);
});

test('after too many wrong pass phrases even the right one has to wait, and works after the wait', async () => {
  let now = Date.now();
  const clock = { now: () => new Date(now), sleep: async () => {} };
  const server = inProcessServer(authority, { clock });
  await put(server, jane);
  // Known to the vault from here on: that must not be a way around the wait.
  delegated(await get(server, undefined));
  for (let tries = 0; tries < 8; tries += 1) {
    refused(await get(server, undefined, { passPhrase: new Secret('battery staple') }));
  }
  const held = refused(await get(server, undefined));
  assert.match(held.join('\n'), /too many wrong pass phrases for username "jane".*wait \d+ second/);
  delegated(await get(server, undefined, {}, '198.51.100.7'));
  now += 3_600_000;
  delegated(await get(server, undefined));
});

test('nothing is stored: the C server says for whom', async () => {
  const server = inProcessServer(authority);
  assert.deepEqual(refused(await get(server, undefined)), ['No credentials exist for username "jane".']);
  assert.deepEqual(refused(await get(server, undefined, { credentialName: 'work' })), [
    'No credentials exist with username "jane" and credential name "work".',
  ]);
});

test('a client that closes after the first OK only wanted to know (myproxy-logon -N)', async () => {
  const server = inProcessServer(authority);
  await put(server, jane);
  const client = server.connect();
  client.request({ command: 'GET', passPhrase: new Secret('correct horse') });
  assert.equal((await client.response()).status, 'ok');
  client.end();
  await client.closed;
  assert.equal(server.audit.at(-1)?.verdict, 'done');
});

test('a limited proxy gets a limited proxy, and no full key', async () => {
  const server = inProcessServer(authority, { access: { defaultKeyRetrievers: ['*'] } });
  await put(server, jane);
  const limited = await proxyOf(robot, { limited: true });
  assert.ok(isLimitedChain(delegated(await get(server, limited)).chain));
  assert.ok(!isLimitedChain(delegated(await get(server, await proxyOf(robot))).chain));
  const client = server.connect(limited);
  client.request({ command: 'RETRIEVE', passPhrase: new Secret('correct horse') });
  assert.deepEqual(errorLines(await client.response()), [
    'Client with limited proxy may not retrieve full credentials.',
  ]);
});

test('a locked credential says why, and stays locked when its owner stores again', async () => {
  const server = inProcessServer(authority);
  await put(server, jane);
  await server.store.setLock({ username: 'jane' }, 'lost laptop\ncall 42');
  assert.deepEqual(refused(await get(server, undefined)), ['credential locked', 'lost laptop', 'call 42']);
  await put(server, jane);
  assert.equal(refused(await get(server, undefined))[0], 'credential locked');
});

test('INFO shows a client its own credentials, the default one first', async () => {
  const server = inProcessServer(authority);
  await put(server, jane, {
    credentialName: 'work',
    credentialDescription: 'for work',
    renewers: '*/CN=Robot',
  });
  await put(server, jane);
  const client = server.connect(jane);
  client.request({ command: 'INFO', passPhrase: new Secret('DUMMY-PASSPHRASE') });
  const response = await client.response();
  assert.ok(response.status === 'ok');
  assert.deepEqual(
    response.credentials?.map(({ name, description, renewers }) => [name, description, renewers]),
    [
      [undefined, undefined, undefined],
      ['work', 'for work', '*/CN=Robot'],
    ],
  );
  const other = server.connect(robot);
  other.request({ command: 'INFO' });
  assert.deepEqual(errorLines(await other.response()), [
    'no credentials found for user jane, owner "/O=Test/CN=Robot"',
  ]);
});

test('only the owner may overwrite or remove', async () => {
  const server = inProcessServer(authority);
  await put(server, jane);
  assert.match(
    errorLines(await put(server, robot)).join('\n'),
    /already stored for user jane[\s\S]*not owned by/,
  );
  const stranger = server.connect(robot);
  stranger.request({ command: 'DESTROY' });
  assert.match(
    errorLines(await stranger.response()).join('\n'),
    /Credentials not owned by "\/O=Test\/CN=Robot"/,
  );
  const owner = server.connect(jane);
  owner.request({ command: 'DESTROY' });
  assert.deepEqual(await owner.response(), { status: 'ok' });
  const again = server.connect(jane);
  again.request({ command: 'DESTROY' });
  assert.equal(errorLines(await again.response())[0], 'Credentials do not exist.');
});

test('CHANGE replaces the pass phrase, for the owner who knows the old one', async () => {
  const server = inProcessServer(authority);
  await put(server, jane);
  const change = async (identity: TestIdentity, old: string, next: string) => {
    const client = server.connect(identity);
    client.request({ command: 'CHANGE', passPhrase: new Secret(old), newPassPhrase: new Secret(next) });
    return client.response();
  };
  assert.deepEqual(errorLines(await change(robot, 'correct horse', 'battery staple')), [
    "'/O=Test/CN=Robot' does not own the credentials",
  ]);
  assert.deepEqual(errorLines(await change(jane, 'wrong horse', 'battery staple')), [
    'invalid credential passphrase',
    'invalid pass phrase',
  ]);
  assert.match(errorLines(await change(jane, 'correct horse', 'abc')).join(), /Pass phrase too short/);
  assert.deepEqual(await change(jane, 'correct horse', 'battery staple'), { status: 'ok' });
  delegated(await get(server, undefined, { passPhrase: new Secret('battery staple') }));
  refused(await get(server, undefined));
});

test('PUT refuses a certificate for another key than the one it asked for', async () => {
  const server = inProcessServer(authority);
  const client = server.connect(jane);
  client.request({ command: 'PUT', passPhrase: new Secret('correct horse') });
  await client.response();
  await client.reader.der();
  client.send(encodeChain((await proxyOf(jane)).chain.map((certificate) => certificate.der)));
  assert.deepEqual(errorLines(await client.response()), [
    'Failed to accept credentials.',
    'the delegated certificate is not for the key of the request',
  ]);
  assert.equal(await server.store.read({ username: 'jane' }), undefined);
});

test('CHANGE removes the pass phrase, and gives one to a key that has none', async () => {
  const server = inProcessServer(authority, { access: { defaultTrustedRetrievers: ['*/CN=Robot'] } });
  await put(server, jane);
  const change = async (fields: Fields) => {
    const client = server.connect(jane);
    client.request({ command: 'CHANGE', ...fields });
    return client.response();
  };
  assert.deepEqual(await change({ passPhrase: new Secret('correct horse') }), { status: 'ok' });
  delegated(await get(server, robot, { passPhrase: new Secret('') }));
  assert.equal((await change({ passPhrase: new Secret('correct horse') })).status, 'error');
  assert.deepEqual(await change({ newPassPhrase: new Secret('battery staple') }), { status: 'ok' });
  delegated(await get(server, undefined, { passPhrase: new Secret('battery staple') }));
});

test('programs and files of the site have their say before anything is stored', async () => {
  const strict = inProcessServer(authority, { policy: { passPhrasePolicyProgram: '/bin/false' } });
  assert.equal(errorLines(await put(strict, jane))[0], 'Pass phrase violates local policy.');
  const mapped = inProcessServer(authority, { policy: { acceptedMapProgram: '/bin/false' } });
  assert.match(
    errorLines(await put(mapped, jane)).join('; '),
    /Accepted credentials failure for DN\/Username via call-out/,
  );
  const open = { passPhrasePolicyProgram: '/bin/true', acceptedMapProgram: '/bin/true' };
  assert.deepEqual(await put(inProcessServer(authority, { policy: open }), jane), { status: 'ok' });
});

test('STORE keeps certificate and key as they are; RETRIEVE gives them back', async () => {
  const server = inProcessServer(authority, { access: { defaultTrustedRetrievers: ['*/CN=Robot'] } });
  assert.deepEqual(await storeIdentity(server, jane, { keyRetrievers: '*/CN=Robot' }), { status: 'ok' });
  const client = server.connect(robot);
  client.request({ command: 'RETRIEVE' });
  assert.deepEqual(await client.response(), { status: 'ok' });
  assert.equal((await client.reader.pem()).toString('latin1').trimEnd(), credentialPem(jane).trimEnd());
  assert.deepEqual(await client.response(), { status: 'ok' });
  const stranger = server.connect(jane);
  stranger.request({ command: 'RETRIEVE' });
  assert.match(
    errorLines(await stranger.response()).join(),
    /not authorized by credential's authorized_key_retrievers policy/,
  );
});

test('STORE refuses a key of another certificate, two keys, none, and damaged text', async () => {
  const server = inProcessServer(authority);
  const key =
    credentialPem(robot).match(/-----BEGIN PRIVATE KEY[\s\S]*?-----END PRIVATE KEY-----\n/)?.[0] ?? '';
  const janes = credentialPem(jane).replace(/-----BEGIN PRIVATE KEY[\s\S]*?-----END PRIVATE KEY-----\n/, '');
  const cases: readonly (readonly [string, RegExp])[] = [
    [janes + key, /does not belong to the certificate/],
    [credentialPem(jane) + key, /one private key was expected, 2 came/],
    [janes, /one private key was expected, 0 came/],
    [key, /no certificate/],
    [credentialPem(jane).replace('MII', '!!!'), /could not be read/],
  ];
  for (const [pem, expected] of cases) {
    const lines = errorLines(await storeIdentity(server, jane, {}, pem));
    assert.equal(lines[0], 'Failed to accept credentials.');
    assert.match(lines.join(), expected);
  }
});

/** A GET answered with a challenge, and the client's answer to it. */
async function renew(
  server: ReturnType<typeof inProcessServer>,
  identity: TestIdentity,
  method: 'X509_certificate' | 'X509_certificate_SHA256',
  key = identity.privateKey,
) {
  const client = server.connect(robot);
  client.request({ command: 'GET' });
  const challenge = await client.response();
  if (challenge.status !== 'authorization') return challenge;
  assert.deepEqual(
    challenge.challenges.map((offered) => offered.method),
    ['X509_certificate', 'X509_certificate_SHA256'],
  );
  const data = challenge.challenges.find((offered) => offered.method === method)?.data ?? '';
  assert.match(data, /^[0-9a-f]{32}$/);
  const signature = sign(method === 'X509_certificate' ? 'sha1' : 'sha256', Buffer.from(data), key);
  const chain = identity.chain.map((certificate) => certificate.der);
  client.send(encodeAuthorizationReply({ method, signature, chain }));
  return finishGet(client);
}

test('renewal: a renewer proves that it holds a proxy of the stored identity', async () => {
  const server = inProcessServer(authority);
  await put(server, jane, { passPhrase: new Secret(''), renewers: '*/CN=Robot' });
  const old = await proxyOf(jane);
  delegated(await renew(server, old, 'X509_certificate'));
  delegated(await renew(server, old, 'X509_certificate_SHA256'));
  assert.equal(server.audit.at(-1)?.by, 'certificate');
  const limited = await proxyOf(jane, { limited: true });
  assert.ok(isLimitedChain(delegated(await renew(server, limited, 'X509_certificate_SHA256')).chain));
});

test('renewal: another identity, or a signature that does not fit, is refused', async () => {
  const server = inProcessServer(authority);
  await put(server, jane, { passPhrase: new Secret(''), renewers: '*/CN=Robot' });
  const other = refused(await renew(server, robot, 'X509_certificate_SHA256'));
  assert.equal(other[0], 'certificate subject does not match credential to be renewed');
  assert.equal(other.at(-1), 'authentication failed');
  const namesake = await (await testAuthority()).issue('Jane');
  const unknown = refused(await renew(server, namesake, 'X509_certificate_SHA256'));
  assert.equal(unknown[0], 'certificate chain verification failed');
  assert.match(unknown[1] ?? '', /^X509_verify_cert\(\) failed: /);
  const forged = refused(
    await renew(server, await proxyOf(jane), 'X509_certificate_SHA256', robot.privateKey),
  );
  assert.equal(forged[0], 'certificate verification failed');
  await server.service.store.remove({ username: 'jane' });
  await put(server, jane, { passPhrase: new Secret(''), renewers: '*/CN=Nobody' });
  assert.match(
    refused(await renew(server, await proxyOf(jane), 'X509_certificate')).join(),
    /no passphrase|not authorized/,
  );
});

test('a trusted retriever needs no pass phrase for a key in the clear, unless it asks for its own', async () => {
  const server = inProcessServer(authority);
  await put(server, jane, { passPhrase: new Secret(''), trustedRetrievers: '*/CN=Robot|*/CN=Jane' });
  delegated(await get(server, robot, { passPhrase: new Secret('') }));
  assert.equal(server.audit.at(-1)?.by, 'trusted');
  refused(await get(server, jane, { passPhrase: new Secret('') }));
  const lenient = inProcessServer(authority, { access: { allowSelfAuthorization: true } });
  await put(lenient, jane, { passPhrase: new Secret(''), trustedRetrievers: '*/CN=Jane' });
  delegated(await get(lenient, jane, { passPhrase: new Secret('') }));
});

test('check_multiple_credentials: the pass phrase chooses, and one wrong try counts once', async () => {
  const server = inProcessServer(authority, { policy: { checkMultipleCredentials: true } });
  await put(server, jane);
  await put(server, jane, { credentialName: 'one', passPhrase: new Secret('horse one') });
  await put(server, jane, { credentialName: 'two', passPhrase: new Secret('horse two') });
  delegated(await get(server, undefined, { passPhrase: new Secret('horse two') }));
  assert.equal(server.audit.at(-1)?.credentialName, 'two');
  for (let tries = 0; tries < 3; tries += 1) {
    assert.equal(
      refused(await get(server, undefined, { passPhrase: new Secret('battery staple') }))[0],
      'Bad password',
    );
  }
  delegated(await get(server, undefined));
});

test('a stored chain that has expired is refused in the words of OpenSSL', async () => {
  let now = Date.now();
  const clock = { now: () => new Date(now), sleep: async () => {} };
  const server = inProcessServer(authority, { clock });
  await put(server, jane);
  now += 8 * 86_400_000;
  const lines = refused(await get(server, undefined));
  assert.equal(lines[0], 'X509_verify_cert() failed: certificate has expired');
  assert.match(lines[1] ?? '', /Jane/);
});

test('max_cred_lifetime and unknown authorities keep credentials out', async () => {
  const server = inProcessServer(authority, { policy: { maxCredentialLifetimeSeconds: 3_600 } });
  assert.match(
    errorLines(await put(server, jane)).join(),
    /Credential lifetime \(16\d hours\) exceeds maximum allowed by server \(1 hours\)\./,
  );
  const elsewhere = await (await testAuthority()).issue('Jane');
  const open = inProcessServer(authority);
  const client = open.connect(jane);
  client.request({ command: 'STORE' });
  await client.response();
  client.send(Buffer.from(`${credentialPem(elsewhere)}\0`));
  assert.equal(errorLines(await client.response())[0], 'Credentials are not valid.');
});

test('a client whose certificate is not believed hears why, after its request has been read', async () => {
  const server = inProcessServer(authority);
  const stranger = await (await testAuthority()).issue('Jane');
  const client = server.connect(stranger);
  client.request({ command: 'GET', passPhrase: new Secret('correct horse') });
  const lines = errorLines(await client.response());
  assert.equal(lines[0], 'authentication failed');
  assert.match(lines[1] ?? '', /certificate signature failure|unable to get local issuer certificate/);
  await client.closed;
  assert.equal(server.audit.at(-1)?.verdict, 'refused');
});

test('what is no request is answered and closed', async () => {
  const server = inProcessServer(authority);
  const cases: readonly (readonly [string, string])[] = [
    ['VERSION=MYPROXYv2\nCOMMAND=0\n\0', 'error parsing request'],
    [
      'VERSION=MYPROXYv1\nCOMMAND=0\nUSERNAME=jane\nPASSPHRASE=\nLIFETIME=0\n\0',
      'Invalid version number received.',
    ],
    ['VERSION=MYPROXYv2\nCOMMAND=0\nUSERNAME=\nPASSPHRASE=\nLIFETIME=0\n\0', 'Invalid username received.'],
    [
      'VERSION=MYPROXYv2\nCOMMAND=9\nUSERNAME=jane\nPASSPHRASE=\nLIFETIME=0\n\0',
      'UNKNOWN command in request.',
    ],
  ];
  for (const [message, expected] of cases) {
    const client = server.connect();
    client.send(Buffer.from(`0${message}`));
    assert.equal(errorLines(await client.response())[0], expected);
    await client.closed;
  }
  const garbage = server.connect();
  garbage.send(Buffer.from('GET / HTTP/1.0\r\n\r\n'));
  assert.equal((await garbage.response()).status, 'error');
  await garbage.closed;
});

test('a certificate request that is damaged or too weak gets the reason instead of a chain', async () => {
  const server = inProcessServer(authority);
  await put(server, jane);
  const weak = await generateKeyPair({ type: 'rsa', bits: 1024 }).catch(() => undefined);
  const good = await createCertificateRequest({
    signer: keySigner((await generateKeyPair({ type: 'ec' })).privateKey),
  });
  const damaged = Buffer.from(good);
  damaged[damaged.length - 5] = (damaged.at(-5) ?? 0) ^ 1;
  for (const der of [damaged, Buffer.from('30030201ff', 'hex')]) {
    const client = server.connect();
    client.request({ command: 'GET', passPhrase: new Secret('correct horse') });
    await client.response();
    client.send(der);
    assert.equal(errorLines(await client.response())[0], 'Unable to delegate credentials.');
  }
  assert.ok(weak === undefined || weak.publicKey.asymmetricKeyType === 'rsa');
});

test('the deadline ends a conversation without an answer', async () => {
  const server = inProcessServer(authority);
  const client = server.connect();
  client.send(Buffer.from('0VERSION='));
  client.abort(new Error('the request took longer than 120 s'));
  await client.closed;
  assert.match(server.log.at(-1)?.line ?? '', /Exiting: the request took longer/);
});

test('nobody is trusted with trust roots who may not retrieve', async () => {
  const server = inProcessServer(authority, { access: { authorizedRetrievers: ['/O=Test/*'] } });
  const anonymous = server.connect();
  anonymous.request({ command: 'TRUSTROOTS', username: '' });
  assert.match(
    errorLines(await anonymous.response()).join('; '),
    /"<anonymous>" not authorized to retrieve credentials from this server \(authorized_retrievers policy\)/,
  );
  const known = server.connect(jane);
  known.request({ command: 'TRUSTROOTS', username: '' });
  assert.deepEqual(await known.response(), { status: 'ok' });
});
