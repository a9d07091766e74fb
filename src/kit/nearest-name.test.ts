import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestName } from './nearest-name.ts';

const KEYS = ['authorized_retrievers', 'authorized_renewers', 'cert_dir', 'pam', 'pam_id'];

test('a misspelt name finds the one that was meant', () => {
  assert.equal(nearestName('authorised_retreivers', KEYS), 'authorized_retrievers');
  assert.equal(nearestName('cert-dir', KEYS), 'cert_dir');
  assert.equal(nearestName('CERT_DIR', KEYS), 'cert_dir');
  assert.equal(nearestName('apm', KEYS), 'pam');
});

test('a name that is near to none finds none', () => {
  assert.equal(nearestName('listen', KEYS), undefined);
  assert.equal(nearestName('', KEYS), undefined);
  assert.equal(nearestName('x'.repeat(100_000), KEYS), undefined);
});
