import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import {
  checkAcceptedMapping,
  checkPassPhrasePolicy,
  loadEnvelopeKey,
  type PassPhraseCandidate,
} from '../../src/repository/index.ts';
import { workspace } from '../support/workspace.ts';

function script(directory: string, name: string, body: string): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

const candidate: PassPhraseCandidate = {
  passPhrase: new Secret('correct horse'),
  username: 'jane',
  dn: '/O=Grid/CN=Jane',
  renewers: '*/CN=Robot',
};

test('the pass phrase policy program gets what the C server gives it, and its words reach the user', async (t) => {
  const directory = workspace(t);
  const log = join(directory, 'log');
  const accept = script(directory, 'accept', `{ cat; printf '<%s>' "$@"; } > ${log}`);
  assert.deepEqual(await checkPassPhrasePolicy(candidate, { program: accept }), []);
  assert.equal(readFileSync(log, 'utf8'), 'correct horse\n<jane></O=Grid/CN=Jane><><><*/CN=Robot>');
  const refuse = script(directory, 'refuse', 'echo too simple; echo really >&2; exit 3');
  assert.deepEqual(await checkPassPhrasePolicy(candidate, { program: refuse }), [
    'Pass phrase violates local policy.',
    'too simple',
    'really',
  ]);
  await assert.rejects(checkPassPhrasePolicy(candidate, { program: join(directory, 'missing') }), (error) =>
    isLatchkeyError(error, 'program/failed'),
  );
  assert.deepEqual(await checkPassPhrasePolicy({ ...candidate, passPhrase: new Secret('short') }), [
    'Pass phrase too short.  Must be at least 6 characters long.',
  ]);
  assert.deepEqual(await checkPassPhrasePolicy({ ...candidate, passPhrase: new Secret('') }), []);
});

test('the mapping of DNs to user names: a program beats a file, and what cannot be asked refuses', async (t) => {
  const directory = workspace(t);
  const file = join(directory, 'grid-mapfile');
  writeFileSync(file, '"/O=Grid/CN=Jane" jane\n');
  const jane = '/O=Grid/CN=Jane';
  assert.deepEqual(await checkAcceptedMapping(jane, 'jane', {}), []);
  assert.deepEqual(await checkAcceptedMapping(jane, 'jane', { file }), []);
  assert.deepEqual(await checkAcceptedMapping(jane, 'joe', { file }), [
    `PUT/STORE: No mapping found for '/O=Grid/CN=Jane' and 'joe' in '${file}'`,
    'Accepted credentials failure for DN/Username via grid-mapfile',
  ]);
  const program = script(directory, 'map', '[ "$2" = joe ] || { echo not you; exit 1; }');
  assert.deepEqual(await checkAcceptedMapping(jane, 'joe', { file, program }), []);
  assert.deepEqual(await checkAcceptedMapping(jane, 'jane', { file, program }), [
    'consult_mapapp call-out returned failure',
    'not you',
    'Accepted credentials failure for DN/Username via call-out',
  ]);
  for (const mapping of [{ file: join(directory, 'x') }, { program: join(directory, 'x') }]) {
    assert.equal((await checkAcceptedMapping(jane, 'jane', mapping)).length, 2);
  }
});

test('a server key comes from a file, a systemd credential or a command', async (t) => {
  const directory = workspace(t);
  const key = Buffer.alloc(32, 0xa5);
  const file = join(directory, 'key');
  for (const contents of [key, `${key.toString('hex')}\n`, `${key.toString('base64')}\n`]) {
    writeFileSync(file, contents, { mode: 0o600 });
    assert.ok((await loadEnvelopeKey({ file })).equals(new Secret(key)));
  }
  const env = { CREDENTIALS_DIRECTORY: directory };
  assert.ok((await loadEnvelopeKey({ systemdCredential: 'key' }, { env })).equals(new Secret(key)));
  assert.ok((await loadEnvelopeKey({ command: ['cat', file] })).equals(new Secret(key)));
  const refusal = (error: unknown) =>
    isLatchkeyError(error, 'repository/envelope') && error.hint !== undefined;
  await assert.rejects(loadEnvelopeKey({ systemdCredential: 'key' }, { env: {} }), refusal);
  await assert.rejects(loadEnvelopeKey({ systemdCredential: '../key' }, { env }), refusal);
  await assert.rejects(loadEnvelopeKey({ command: ['false'] }), refusal);
  await assert.rejects(loadEnvelopeKey({ file: join(directory, 'missing') }), refusal);
  writeFileSync(file, 'too short');
  await assert.rejects(loadEnvelopeKey({ file }), refusal);
  chmodSync(file, 0o640);
  await assert.rejects(loadEnvelopeKey({ file }), (error) => isLatchkeyError(error, 'file/unsafe'));
});
