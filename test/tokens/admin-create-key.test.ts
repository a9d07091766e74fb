import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { importJWK, type JWK, jwtVerify } from 'jose';
import { Secret } from '../../src/kit/index.ts';
import { issueToken, parseSigningKey } from '../../src/tokens/index.ts';
import { bareEnvironment, runTool } from '../cli-tools/run-tool.ts';
import { workspace } from '../support/workspace.ts';

test('scitokens-admin-create-key: makes keys, gives the key id of the Python tool, and reads what it wrote', async (t) => {
  const directory = workspace(t);
  const run = (...argv: string[]) =>
    runTool('ours', 'scitokens-admin-create-key', argv, { env: bareEnvironment(directory), cwd: directory });
  for (const ec of [true, false]) {
    const made = run('--create-keys', ...(ec ? ['--ec'] : []), '--pem-private');
    assert.equal(made.code, 0, made.stderr);
    assert.ok(made.stdout.startsWith(`-----BEGIN ${ec ? 'EC' : 'RSA'} PRIVATE KEY-----\n`));
    writeFileSync(join(directory, 'key.pem'), made.stdout, { mode: 0o600 });
    const listed = run('--private-keyfile', 'key.pem', '--jwks-public');
    const jwk = (JSON.parse(listed.stdout) as { keys: Record<string, string>[] }).keys[0] ?? {};
    assert.deepEqual(
      Object.keys(jwk),
      ec ? ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'] : ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    );
    assert.ok(listed.stdout.startsWith('{\n    "keys": [\n        {\n            "alg": "'));
    // The Python tool hashes the padded text of the number; P-256 numbers rarely, moduli never, begin with zero.
    const number = Buffer.from(jwk.x ?? jwk.n ?? '', 'base64url');
    const hex = number.toString('hex').replace(/^(00)+/, '');
    const text = Buffer.from(hex, 'hex').toString('base64').replaceAll('+', '-').replaceAll('/', '_');
    assert.equal(jwk.kid, createHash('sha256').update(text).digest('hex').slice(0, 4));

    const publicPem = run('--private-keyfile=key.pem', '--pem-public');
    writeFileSync(join(directory, 'key.pub'), publicPem.stdout);
    assert.equal(run('--public-keyfile', 'key.pub', '--jwks-public').stdout, listed.stdout);
    const refused = run('--public-keyfile', 'key.pub', '--jwks-private');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^Only given public key on command line, cannot output private keys$/m);

    const privateJwks = JSON.parse(run('--private-keyfile', 'key.pem', '--jwks-private').stdout) as {
      keys: JWK[];
    };
    assert.ok(privateJwks.keys[0]?.d);
    const key = parseSigningKey(new Secret(made.stdout), 'key.pem', jwk.kid);
    const request = {
      profile: 'scitokens:1.0',
      issuer: 'https://i.example',
      subject: 'a',
      audience: [],
      scope: 'read:/',
      lifetimeSeconds: 60,
    } as const;
    const { token } = issueToken(request, key, new Date());
    await jwtVerify(token.revealText(), await importJWK(jwk as JWK, key.algorithm));
  }
});

test('scitokens-admin-create-key: one source of keys, exit 2 otherwise', (t) => {
  const directory = workspace(t);
  for (const argv of [
    [],
    ['--jwks-public'],
    ['--create-keys', '--public-keyfile', 'x'],
    ['--create-keys', '--nope'],
    ['--create-keys', 'x'],
  ]) {
    const run = runTool('ours', 'scitokens-admin-create-key', argv, { env: bareEnvironment(directory) });
    assert.equal(run.code, 2, argv.join(' '));
    assert.match(run.stderr, /scitokens-admin-create-key: error: /);
  }
});
