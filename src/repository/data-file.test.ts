import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../kit/index.ts';
import { formatDataFile, parseDataFile } from './data-file.ts';

const full = {
  owner: '/O=Grid/CN=Jane',
  maxLifetimeSeconds: 43200,
  name: 'robot',
  description: 'for a=b',
  retrievers: '*',
  keyRetrievers: '*/CN=Jane',
  trustedRetrievers: '*/CN=Portal',
  renewers: '*/CN=Robot',
  username: 'jane',
};

test('keys stand in the order of the C server', () => {
  assert.equal(
    formatDataFile(full),
    'OWNER=/O=Grid/CN=Jane\nLIFETIME=43200\nNAME=robot\nDESCRIPTION=for a=b\nRETRIEVERS=*\nKEYRETRIEVERS=*/CN=Jane\n' +
      'TRUSTED_RETRIEVERS=*/CN=Portal\nRENEWERS=*/CN=Robot\nUSERNAME=jane\nEND_OPTIONS\n',
  );
  assert.equal(
    formatDataFile({ owner: '/CN=a', maxLifetimeSeconds: 0 }),
    'OWNER=/CN=a\nLIFETIME=0\nEND_OPTIONS\n',
  );
});

test('what is written is read', () => {
  const value = fc.string({ unit: 'grapheme' }).filter((text) => !/[\n\0]/.test(text));
  const record = fc.record(
    {
      owner: value.filter((text) => text !== ''),
      maxLifetimeSeconds: fc.nat(),
      name: value,
      description: value,
      retrievers: value,
      keyRetrievers: value,
      trustedRetrievers: value,
      renewers: value,
      username: value,
    },
    { requiredKeys: ['owner', 'maxLifetimeSeconds'] },
  );
  fc.assert(
    fc.property(record, (data) => {
      assert.deepEqual(parseDataFile(Buffer.from(formatDataFile(data))), { ...data });
    }),
  );
});

test('files of old servers are read', () => {
  const old = 'OWNER=/CN=a\nPASSPHRASE=xxk2VnCeHvGlM\nLIFETIME=7200\nEND_OPTIONS\n';
  assert.deepEqual(parseDataFile(Buffer.from(old)), { owner: '/CN=a', maxLifetimeSeconds: 7200 });
  const latin1 = Buffer.from(
    'OWNER=/CN=a\nDESCRIPTION=caf\xe9\nLIFETIME=-5\nEND_OPTIONS\nrest is ignored',
    'latin1',
  );
  assert.deepEqual(parseDataFile(latin1), { owner: '/CN=a', description: 'café', maxLifetimeSeconds: 0 });
});

test('everything else is refused', () => {
  const bad = [
    '',
    'END_OPTIONS\n',
    'OWNER=/CN=a\nLIFETIME=1\n',
    'OWNER=/CN=a\nLIFETIME=1\nEND_OPTIONS',
    'OWNER=/CN=a\nOTHER=1\nEND_OPTIONS\n',
    'OWNER=/CN=a\n\nEND_OPTIONS\n',
    'OWNER=/CN=a\nnonsense\nEND_OPTIONS\n',
  ];
  for (const text of bad) {
    assert.throws(
      () => parseDataFile(Buffer.from(text)),
      (error) => isLatchkeyError(error, 'repository/data-malformed'),
    );
  }
  for (const username of ['a\nOWNER=/CN=b', 'a\0']) {
    assert.throws(
      () => formatDataFile({ ...full, username }),
      (error) => isLatchkeyError(error, 'repository/data-malformed'),
    );
  }
});

test('no bytes crash the parser otherwise', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        parseDataFile(bytes);
      } catch (error) {
        assert.ok(isLatchkeyError(error, 'repository/data-malformed'));
      }
    }),
  );
});
