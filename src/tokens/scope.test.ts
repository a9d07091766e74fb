import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowsOperation, isCapability, operationsOf, parseScope } from './scope.ts';

test('words of both vocabularies, and of none', () => {
  const { authorizations, findings } = parseScope(
    'read:/a  storage.modify:/b openid wlcg:1.0 condor:/READ queue urn:x:y',
  );
  assert.deepEqual(findings, []);
  assert.deepEqual(
    authorizations.map(({ name, path, vocabulary }) => [name, path?.segments, vocabulary]),
    [
      ['read', ['a'], 'scitokens'],
      ['storage.modify', ['b'], 'wlcg'],
      ['openid', undefined, undefined],
      ['wlcg:1.0', undefined, undefined],
      ['condor', ['READ'], undefined],
      ['queue', undefined, 'scitokens'],
      ['urn:x:y', undefined, undefined],
    ],
  );
});

test('every bad word is reported', () => {
  assert.equal(parseScope('read write:x read:/.. ok "').findings.length, 4);
});

test('modify includes create, staging includes reading, nothing else includes anything', () => {
  const granted = (scope: string): readonly string[] =>
    parseScope(scope).authorizations.flatMap(operationsOf);
  assert.deepEqual(granted('write:/'), ['create', 'modify']);
  assert.deepEqual(granted('storage.modify:/'), ['create', 'modify']);
  assert.deepEqual(granted('storage.create:/'), ['create']);
  assert.deepEqual(granted('storage.stage:/'), ['stage', 'read']);
  assert.deepEqual(granted('storage.poll:/'), ['poll']);
  assert.deepEqual(granted('compute.create'), ['compute.create']);
  assert.deepEqual(granted('constructor:/x toString'), ['constructor', 'toString']);
});

test('an operation on a path, and one without', () => {
  const { authorizations } = parseScope('read:/a queue condor:/READ');
  assert.equal(allowsOperation(authorizations, 'read', '/a/f'), true);
  assert.equal(allowsOperation(authorizations, 'read', '/b'), false);
  assert.equal(allowsOperation(authorizations, 'read'), false, 'a path is needed where the scope has one');
  assert.equal(allowsOperation(authorizations, 'queue'), true);
  assert.equal(allowsOperation(authorizations, 'condor', '/READ'), true);
  assert.equal(allowsOperation(authorizations, 'condor', '/WRITE'), false);
  assert.equal(allowsOperation([], 'read', '/'), false);
});

test('a plain word that is called like an operation on files is none', () => {
  const { authorizations } = parseScope('create modify stage:/ poll create:/x my.create');
  for (const operation of ['create', 'modify', 'stage', 'poll'])
    for (const path of ['/x', '/x/f', undefined])
      assert.equal(allowsOperation(authorizations, operation, path), false, `${operation} ${path}`);
  assert.equal(allowsOperation(authorizations, 'my.create'), true);
});

test('what says who somebody is, is no capability', () => {
  const capabilities = (scope: string): boolean[] => parseScope(scope).authorizations.map(isCapability);
  assert.deepEqual(capabilities('openid wlcg wlcg.groups:/cms offline_access'), [false, false, false, false]);
  assert.deepEqual(capabilities('storage.read:/ compute.read condor:/READ'), [true, true, true]);
});
