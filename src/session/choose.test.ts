import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { isLatchkeyError, Secret } from '../kit/index.ts';
import { toSshPublicKey } from '../ssh/index.ts';
import { choose } from './choose.ts';
import { Context } from './context.ts';
import type { Entry, Material } from './entry.ts';
import type { HostScope } from './host-scope.ts';

let made = 0;

function entry(material: Material, more: { scope?: HostScope; isDefault?: boolean } = {}): Entry {
  made += 1;
  return {
    ...{ name: `SSH ${made}`, kind: 'SSH', context: new Context('SSH'), summary: '', material },
    scope: more.scope ?? {},
    isDefault: more.isDefault ?? false,
  };
}

function key(path: string, user?: string): Material {
  const publicKey = toSshPublicKey(generateKeyPairSync('ed25519').publicKey);
  return { type: 'key', user, key: { path, publicKey, awsFingerprints: [] } };
}

const target = { scheme: 'ssh', host: 'a.example.org' } as const;
const paths = (entries: readonly Entry[], more = {}) =>
  choose(entries, { ...target, ...more }).keys.map(({ path }) => path);

test('contexts that were added come before defaults, narrower scopes before wider ones, then in their order', () => {
  const entries = [
    entry(key('/default'), { isDefault: true }),
    entry(key('/first')),
    entry(key('/second')),
    entry(key('/pattern'), { scope: { hosts: ['*.org'] } }),
    entry(key('/exact'), { scope: { hosts: ['a.example.org'] } }),
    entry(key('/elsewhere'), { scope: { hosts: ['b.example.org'] } }),
  ];
  assert.deepEqual(paths(entries), ['/exact', '/pattern', '/first', '/second', '/default']);
  const { skipped } = choose(entries, target);
  assert.deepEqual(
    skipped.map(({ why }) => why),
    ['it is for hosts b.example.org, not ssh://a.example.org'],
  );
});

test('two contexts that are equally near and want different names are a conflict, and nobody guesses', () => {
  const two = [entry(key('/a', 'jane')), entry(key('/b', 'john'))];
  const { conflict } = choose(two, target);
  assert.ok(isLatchkeyError(conflict, 'session/conflict'));
  assert.match(conflict.message, /says "jane".*says "john"/);
  assert.equal(choose(two, { ...target, user: 'john' }).conflict, undefined);
  assert.deepEqual(paths(two, { user: 'john' }), ['/b'], 'a key of another name is not offered');
  const scoped = [
    entry(key('/a', 'jane')),
    entry(key('/b', 'john'), { scope: { hosts: ['*.example.org'] } }),
  ];
  const choice = choose(scoped, target);
  assert.deepEqual([choice.conflict, choice.user], [undefined, 'john']);
  assert.match(choice.skipped[0]?.why ?? '', /login name "jane", not "john"/);
});

test('the same key twice is offered once: EC2_KEYPAIR and SSH of the brief', () => {
  const material = key('/ec2_key', 'root');
  assert.ok(material.type === 'key');
  const pair: Material = { ...material, type: 'key-pair', name: 'KeyName' };
  const choice = choose([entry(pair), entry(material)], target);
  assert.deepEqual([choice.keys.length, choice.user, choice.conflict], [1, 'root', undefined]);
  assert.equal(choice.skipped[0]?.why, 'another context has the same key');
});

test('a proxy is for gsissh only, and the first of several is shown', () => {
  const proxy = (path: string): Material => ({
    type: 'proxy',
    environment: { X509_USER_PROXY: path },
    current: {
      isRenewable: false,
      expiresAt: () => undefined,
      read: () => Promise.reject(new Error('unused')),
    },
  });
  const entries = [entry(proxy('/one')), entry(proxy('/two'))];
  assert.equal(choose(entries, target).environment, undefined);
  const choice = choose(entries, { ...target, scheme: 'gsissh' });
  assert.deepEqual(choice.environment, { X509_USER_PROXY: '/one' });
  assert.equal(choice.used.length, 1);
});

test('the narrowest password is the one that answers', () => {
  const password = (text: string): Material => ({
    type: 'password',
    user: 'jane',
    password: new Secret(text),
  });
  const choice = choose(
    [entry(password('wide')), entry(password('narrow'), { scope: { hosts: ['a.*'] } })],
    target,
  );
  assert.equal(choice.password?.revealText(), 'narrow');
});
