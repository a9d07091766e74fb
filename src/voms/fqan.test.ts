import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFqan, fqansEqual, parseFqan } from './fqan.ts';

test('an FQAN reads alike in its long and its short form', () => {
  const long = parseFqan('/testvo/analysis/Role=production/Capability=NULL');
  assert.deepEqual(long, { vo: 'testvo', group: '/testvo/analysis', role: 'production' });
  assert.equal(formatFqan(long), '/testvo/analysis/Role=production');
  assert.equal(formatFqan(long, 'long'), '/testvo/analysis/Role=production/Capability=NULL');
  assert.ok(fqansEqual(long, parseFqan('/testvo/analysis/Role=production')));
  assert.equal(formatFqan(parseFqan('/testvo'), 'long'), '/testvo/Role=NULL/Capability=NULL');
  assert.equal(
    formatFqan(parseFqan('/testvo/Role=NULL/Capability=long jobs')),
    '/testvo/Capability=long jobs',
  );
});

test('another group, role or case is another FQAN', () => {
  const held = parseFqan('/testvo/analysis/Role=production');
  for (const other of ['/testvo/analysis', '/testvo/Role=production', '/testvo/analysis/Role=Production'])
    assert.ok(!fqansEqual(held, parseFqan(other)), other);
});

test('what is no FQAN is refused with what it should look like', () => {
  for (const text of [
    '',
    'testvo',
    '/',
    '//testvo',
    '/testvo/',
    '/testvo/Role=',
    '/testvo/Role=a/Role=b',
    '/testvo/Capability=x/Role=a',
    '/test vo',
    `/${'a'.repeat(1100)}`,
  ]) {
    assert.throws(
      () => parseFqan(text),
      { code: 'voms/value-invalid', hint: /\/vo\/group/ },
      JSON.stringify(text),
    );
  }
});
