import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMembership } from './membership-document.ts';

const JANE = '/O=Grid/OU=Test/CN=Jane User';

test('a membership file says who is in which group, with roles and attributes', () => {
  const { membership, findings } = readMembership({
    vo: 'testvo',
    max_lifetime_hours: 24,
    group: [
      { name: '/testvo/analysis', attributes: { site: 'x' } },
      { name: '/testvo/Role=VO-Admin', attributes: { p: '1' } },
    ],
    member: [
      {
        dn: JANE,
        groups: ['/testvo/analysis'],
        roles: ['/testvo/analysis/Role=production'],
        attributes: { nickname: 'jane' },
      },
      { dn: '/O=Grid/CN=a', suspended: true },
      { dn: '/O=Grid/CN=b', suspended: 'why', until: new Date(0) },
    ],
  });
  assert.deepEqual(findings, []);
  assert.equal(membership?.maxLifetimeSeconds, 86_400);
  assert.equal(membership?.defaultLifetimeSeconds, 43_200);
  assert.deepEqual(membership?.members.get(JANE), [
    {
      dn: JANE,
      groups: ['/testvo', '/testvo/analysis'],
      roles: ['/testvo/analysis/Role=production'],
      attributes: [{ name: 'nickname', value: 'jane' }],
    },
  ]);
  assert.equal(membership?.members.get('/O=Grid/CN=a')?.[0]?.suspended, '');
  assert.equal(membership?.members.get('/O=Grid/CN=b')?.[0]?.suspended, 'why');
  assert.deepEqual(
    [...(membership?.groupAttributes ?? [])],
    [
      ['/testvo/analysis', [{ name: 'site', value: 'x' }]],
      ['/testvo/Role=VO-Admin', [{ name: 'p', value: '1' }]],
    ],
  );
});

test('a file with anything wrong in it is not used, and everything is told', () => {
  const { membership, findings } = readMembership({
    vo: 'testvo',
    max_lifetime_hours: -1,
    members: [],
    group: [{ name: '/othervo/x' }, { name: '/testvo/analysis', extra: 1 }],
    member: [
      { dn: 'CN=x' },
      { dn: JANE, groups: ['/testvo/analysys'], roles: ['/testvo/analysis/Role=x', '/testvo/analysis'] },
      { dn: JANE, suspended: 7, until: 'soon', attributes: { a: 1 } },
    ],
  });
  assert.equal(membership, undefined);
  const told = findings.map(({ message }) => message).join('\n');
  for (const part of [
    'unknown key "members"; did you mean member?',
    'max_lifetime_hours: a number of hours',
    '"/othervo/x" is no group or role of testvo',
    'group 2: unknown key "extra"',
    'member 1: dn: "CN=x" is no one-line name',
    'the group "/testvo/analysys" is not declared; did you mean "/testvo/analysis"?',
    '"/testvo/analysis/Role=x" is a role of a group that the member is not in',
    '"/testvo/analysis" is a group, and belongs to "groups"',
    'member 3: suspended is true, or the reason',
    'member 3: until is a date',
    'member 3: the attribute "a" has no text',
    `member 3: "${JANE}" is there twice`,
  ])
    assert.ok(told.includes(part), part);
});

test('two members of one name are told apart by their authorities', () => {
  const member = [
    { dn: JANE, ca: '/O=Grid/CN=A' },
    { dn: JANE, ca: '/O=Grid/CN=B', suspended: true },
  ];
  const { membership } = readMembership({ vo: 'testvo', member });
  assert.equal(membership?.members.get(JANE)?.length, 2);
});

test('nothing at all, a list, and a name that is none are findings and no exceptions', () => {
  for (const document of [
    undefined,
    null,
    [],
    'x',
    {},
    { vo: 'a b' },
    { vo: 'testvo', member: 3 },
    { vo: 'testvo', member: [3] },
  ])
    assert.ok(readMembership(document).findings.length > 0);
});

test('an organisation is not called by what could not name its directory', () => {
  for (const vo of ['..', '.', '.hidden', '-x', 'a/b', 'a b', 'a\0', 'a\n'])
    assert.match(readMembership({ vo }).findings[0]?.message ?? '', /^vo: /, vo);
  for (const vo of ['a', 'a.b-c', '_x', '9']) assert.deepEqual(readMembership({ vo }).findings, [], vo);
});
