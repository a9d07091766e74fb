import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../kit/index.ts';
import { readMembership } from './authority/membership-document.ts';
import { readServedRequest } from './authority/served-request.ts';
import { checkRequest } from './contact-request.ts';
import { encodeLegacyRequest } from './request-legacy.ts';
import { encodeRestRequest } from './request-rest.ts';
import { parseLegacyAnswer } from './response-legacy.ts';
import { parseRestAnswer } from './response-rest.ts';
import { decodeVomsBase64, encodeVomsBase64 } from './voms-base64.ts';
import { formatVomsesLine, parseVomses } from './vomses.ts';

/** Pieces that mean something to the parsers, and some that mean nothing. */
const piece = fc.constantFrom(
  ...[
    'GET ',
    '/generate-ac',
    '?fqans=',
    '&lifetime=',
    ' HTTP/1.1',
    '\r\n',
    '\n',
    '0',
    '<voms>',
    '</voms>',
    '<voms',
  ],
  ...[
    '<command>',
    '</command>',
    'G/testvo',
    'B/a:b',
    '<ac>',
    '</ac>',
    '<vomsans>',
    '</vomsans>',
    '<item>',
    '"',
  ],
  ...[
    'HTTP/1.1 200 OK\r\n',
    'Transfer-Encoding: chunked\r\n',
    'ffffff\r\n',
    '%',
    '%0d',
    '&#x0;',
    '&lt;',
    'QQ==',
    '\\',
  ],
);
const text = fc
  .array(fc.oneof({ weight: 4, arbitrary: piece }, fc.string({ maxLength: 8 })), { maxLength: 40 })
  .map((pieces) => pieces.join(''));

function readsOrRefuses(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    assert.ok(isLatchkeyError(error), String(error));
  }
}

test('whatever is sent is read, or refused as a LatchkeyError', () => {
  fc.assert(
    fc.property(text, (sent) => {
      const bytes = Buffer.from(sent, 'latin1');
      readServedRequest(bytes);
      parseVomses(sent);
      readsOrRefuses(() => parseRestAnswer(bytes));
      readsOrRefuses(() => parseLegacyAnswer(bytes));
    }),
    { numRuns: 3_000 },
  );
});

test('whatever a membership document holds, it is findings or a membership, never both', () => {
  const key = fc.constantFrom(
    'vo',
    'member',
    'group',
    'dn',
    'ca',
    'groups',
    'roles',
    'attributes',
    'suspended',
    'name',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('testvo', '/testvo/a', '/testvo/a/Role=x', '/O=Grid/CN=x', true, 3, null),
      fc.string(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 5 }),
    ),
  }));
  const odd = { toString: 1 };
  assert.ok(readMembership({ vo: 'a', group: [{ name: odd }], member: [{ dn: odd }] }).findings.length > 1);
  fc.assert(
    fc.property(value, (document) => {
      const { membership, findings } = readMembership(document);
      assert.equal(membership === undefined, findings.length > 0);
    }),
    { numRuns: 2_000 },
  );
});

test('a request that may be sent is understood by the authority as it was meant, in both interfaces', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,12}$/);
  const group = fc.array(name, { maxLength: 3 }).map((parts) => ['/testvo', ...parts].join('/'));
  const fqan = fc
    .tuple(group, fc.option(name.filter((role) => role !== 'NULL')))
    .map(([of, role]) => (role === null ? of : `${of}/Role=${role}`));
  const request = fc.record({
    fqans: fc.oneof(fc.constant('all' as const), fc.array(fqan, { minLength: 1, maxLength: 5 })),
    order: fc.array(fqan, { maxLength: 3 }),
    targets: fc.array(name, { maxLength: 3 }),
    lifetimeSeconds: fc.nat({ max: 1_000_000 }),
  });
  fc.assert(
    fc.property(request, (asked) => {
      checkRequest('testvo', asked);
      for (const sent of [encodeRestRequest(asked, 'h', 1), encodeLegacyRequest(asked)])
        assert.deepEqual(readServedRequest(Buffer.from(sent))?.request, { ...asked });
    }),
    { numRuns: 1_000 },
  );
});

test('what is written is read back: the alphabet of VOMS, lines of vomses files', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.deepEqual(decodeVomsBase64(encodeVomsBase64(bytes)), Buffer.from(bytes));
    }),
  );
  const printable = fc.string({ minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(printable, printable, fc.integer({ min: 1, max: 65_535 }), (alias, rest, port) => {
      const server = { alias, host: 'h.example', port, dn: `/CN=${rest}`, vo: 'testvo' };
      assert.deepEqual(parseVomses(formatVomsesLine(server)).servers, [server]);
    }),
  );
});
