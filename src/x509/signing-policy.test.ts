import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseOneline } from './name-oneline.ts';
import { formatSigningPolicy, isNameAllowed, parseSigningPolicy } from './signing-policy.ts';

const CA = '/O=Grid/CN=CA';
const block = (patterns: string, authority = CA): string =>
  `access_id_CA X509 '${authority}'\npos_rights globus CA:sign\ncond_subjects globus '${patterns}'\n`;
const codes = (text: string): string[] =>
  parseSigningPolicy(text).findings.map(({ severity, code, index }) => `${severity} ${code} ${index ?? '-'}`);
const allows = (patterns: string, dn: string): boolean => {
  const [policy] = parseSigningPolicy(block(patterns)).policies;
  return policy !== undefined && isNameAllowed(policy, parseOneline(dn));
};

test('the usual file', () => {
  const file = parseSigningPolicy(
    `# EACL\n access_id_CA      X509         '${CA}'\n\n pos_rights        globus        CA:sign\n\n cond_subjects     globus     '"/O=Grid/*" "/DC=org/*"'\n`,
  );
  assert.deepEqual(file, {
    policies: [{ authority: CA, subjects: ['/O=Grid/*', '/DC=org/*'] }],
    findings: [],
  });
});

test('several authorities, comments between and inside blocks, one authority twice', () => {
  const text = `${block('"/A=*"')}# between\n${block('"/B=*"', '/CN=Other').replace('pos_rights', '# inside\npos_rights')}${block('"/C=*"')}`;
  assert.deepEqual(parseSigningPolicy(text).policies, [
    { authority: CA, subjects: ['/A=*', '/C=*'] },
    { authority: '/CN=Other', subjects: ['/B=*'] },
  ]);
});

test('patterns: the last star is the wildcard, letters match in any case, old attribute names are the new ones', () => {
  assert.ok(allows('"/O=Grid/*"', '/O=Grid/CN=Jane'));
  assert.ok(allows('"/o=GRID/cn=*"', '/O=Grid/CN=Jane'));
  assert.ok(allows('"/O=Grid/*/CN=x"', '/O=Grid/OU=a/OU=b/CN=x'));
  assert.ok(allows('"/O=Grid/CN=Jane"', '/O=Grid/CN=Jane'));
  assert.ok(allows('"/O=Grid/Email=*"', '/O=Grid/emailAddress=a@b'));
  assert.ok(allows('"/O=Grid/USERID=jane"', '/O=Grid/UID=jane'));
  assert.ok(allows('/O=Grid/*', '/O=Grid/CN=bare pattern'));
  assert.ok(allows('"*"', '/CN=x'));
  assert.ok(!allows('"/O=Grid/*"', '/O=Gridlock/CN=Jane'));
  assert.ok(!allows('"/O=Grid/*"', '/C=DE/O=Grid/CN=Jane'));
  assert.ok(!allows('"/O=Grid/CN=Jane*"', '/O=Grid/CN=Jane'), 'a star is at least one character');
  assert.ok(!allows('"/*/CN=*"', '/O=Grid/CN=Jane'));
  assert.ok(!allows('"/O=Grid/CN=Jan?"', '/O=Grid/CN=Jane'));
  assert.ok(!allows('"/O=aXb/*"', '/O=a.b/CN=Jane'), 'a dot is a dot');
  assert.ok(!allows('"/O=Grid/CN=ab*ba"', '/O=Grid/CN=aba'), 'both ends need their own characters');
});

test('patterns that promise more than they do are remarked on', () => {
  assert.deepEqual(codes(block('"/*/CN=*"')), ['warning policy/pattern 3']);
  assert.deepEqual(codes(block('"/CN=?"')), ['warning policy/pattern 3']);
});

test('escapes in names and patterns', () => {
  const [policy] = parseSigningPolicy(block(`"/O=O\\'Neil/*" "/O=a\\\\x22b/*"`, "/O=O\\'Neil")).policies;
  assert.deepEqual(policy, { authority: "/O=O'Neil", subjects: ["/O=O'Neil/*", '/O=a"b/*'] });
});

test('a syntax error voids the whole file, as in the C tools', () => {
  for (const text of [
    '',
    '# only a comment\n',
    'nonsense\n',
    `access_id_CA X509\n${block('"*"')}`,
    `${block('"*"')}access_id_CA X509 'open\n`,
    `${block('"*"')}stray words\n`,
    `access_id_CA X509 '${CA}'\n`,
    `access_id_CA X509 '${CA}'\npos_rights globus\n`,
    `access_id_XX X509 '${CA}'\npos_rights globus CA:sign\ncond_subjects globus '"*"'\n`,
    'x'.repeat(300_000),
  ]) {
    const file = parseSigningPolicy(text);
    assert.deepEqual(file.policies, [], text.slice(0, 60));
    assert.ok(
      file.findings.some(({ severity, code }) => severity === 'error' && code === 'policy/syntax'),
      text.slice(0, 60),
    );
  }
});

test('rights that allow nothing here', () => {
  const none = (text: string) => assert.deepEqual(parseSigningPolicy(text).policies, []);
  none(`access_id_CA X509 '${CA}'\npos_rights globus CA:sign\n`);
  none(block('"*"').replace('pos_', 'neg_'));
  none(block('"*"').replace('CA:sign', 'CA:other'));
  none(block('"*"').replace('access_id_CA', 'access_id_USER'));
  none(`${block('"*"')}cond_subjects globus '"*"'\n`);
  const banned = parseSigningPolicy(block('"*"').replace('cond_subjects', 'cond_banned_subjects'));
  assert.deepEqual(banned.policies, [{ authority: CA, subjects: [] }]);
  assert.deepEqual(codes(block('"a\nb"')), ['error policy/pattern 3']);
  assert.deepEqual(codes(block('"a\\\\xZZ"')), ['error policy/pattern 3']);
});

test('a file without a final line end is read, with a remark', () => {
  const file = parseSigningPolicy(block('"/O=Grid/*"').trimEnd());
  assert.equal(file.policies.length, 1);
  assert.deepEqual(
    file.findings.map(({ severity }) => severity),
    ['warning'],
  );
});

test('what formatSigningPolicy writes is read back as it was', () => {
  const dn = fc.string({
    unit: fc.constantFrom('a', 'B', ' ', '/', '=', '.', "'", '"', '\\', '#', 'x', '2'),
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(dn, fc.array(dn, { minLength: 1, maxLength: 3 }), (authority, subjects) => {
      // A pattern cannot begin with a blank: the C tools skip blanks there.
      const clean = subjects.map((subject) => `/${subject}`);
      const file = parseSigningPolicy(formatSigningPolicy({ authority: `/${authority}`, subjects: clean }));
      assert.deepEqual(file, { policies: [{ authority: `/${authority}`, subjects: clean }], findings: [] });
    }),
  );
});

test('no text makes the parser throw or take long', () => {
  const word = fc.constantFrom(
    'access_id_CA',
    'access_id_ANYBODY',
    'X509',
    "'/O=x'",
    "'",
    'pos_rights',
    'neg_rights',
    'globus',
    'CA:sign',
    'cond_subjects',
    `'"*"'`,
    '#',
    '\n',
    '"',
    '\\',
    'é',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => void parseSigningPolicy(words.join(' '))),
    { numRuns: 500 },
  );
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => void parseSigningPolicy(text)));
  const start = performance.now();
  parseSigningPolicy(`access_id_CA X509 '${'\\'.repeat(200_000)}`);
  parseSigningPolicy("'' ".repeat(80_000));
  parseSigningPolicy(block(`"${'\\\\\\\\'.repeat(50_000)}`));
  assert.ok(performance.now() - start < 2_000);
});
