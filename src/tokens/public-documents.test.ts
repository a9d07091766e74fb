import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicDocuments } from './public-documents.ts';

test('where verifiers look, for issuers with and without a path', () => {
  const paths = (issuer: string): string[] =>
    Object.values(publicDocuments(issuer, [])).map(({ path }) => path);
  assert.deepEqual(paths('https://h.example'), [
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
    '/.well-known/jwks.json',
  ]);
  assert.deepEqual(paths('https://h.example/'), paths('https://h.example'));
  assert.deepEqual(paths('https://h.example:8443/a/b'), [
    '/a/b/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server/a/b',
    '/a/b/.well-known/jwks.json',
  ]);
});

test('the issuer is repeated to the letter', () => {
  const { openidConfiguration } = publicDocuments('https://h.example/', []);
  assert.deepEqual(openidConfiguration.content, {
    issuer: 'https://h.example/',
    jwks_uri: 'https://h.example/.well-known/jwks.json',
  });
});

test('what is no issuer', () => {
  for (const issuer of [
    '',
    'h.example',
    'ftp://h.example',
    'https://h.example/?a',
    'https://h.example/#',
    'https://u@h.example',
    'https://h.example/a b',
  ]) {
    assert.throws(() => publicDocuments(issuer, []), /an issuer is an https URL/, issuer);
  }
});
