import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideAttributes, isRefusal } from './decision.ts';
import { readMembership } from './membership-document.ts';

const CA = '/O=Grid/OU=Test/CN=Test CA';
const jane = { dn: '/O=Grid/OU=Test/CN=Jane User', ca: CA };
const now = new Date('2026-12-01T00:00:00Z');
const ASK = { fqans: ['/testvo'], order: [], targets: [], lifetimeSeconds: 3_600 };

const { membership } = readMembership({
  vo: 'testvo',
  group: [{ name: '/testvo/analysis', attributes: { site: 'x' } }],
  member: [
    {
      dn: jane.dn,
      ca: CA,
      groups: ['/testvo/analysis'],
      roles: ['/testvo/analysis/Role=production'],
      attributes: { nickname: 'jane' },
    },
    { dn: '/O=Grid/CN=gone', suspended: 'membership expired' },
    { dn: '/O=Grid/CN=late', until: new Date('2026-11-30T00:00:00Z') },
    { dn: '/O=Grid/CN=soon', until: new Date('2026-12-01T00:10:00Z') },
  ],
});
if (membership === undefined) throw new Error('the membership is good');

function decide(client: { dn: string; ca: string }, request: Partial<typeof ASK> | { fqans: 'all' } = {}) {
  return decideAttributes(
    membership as NonNullable<typeof membership>,
    client,
    { ...ASK, ...request },
    { here: 'h:1', now },
  );
}

function granted(...args: Parameters<typeof decide>) {
  const decision = decide(...args);
  if (isRefusal(decision)) throw new Error(decision.message);
  return decision;
}

test('groups come by themselves, roles only when asked for, and what was asked for comes first', () => {
  assert.deepEqual(granted(jane).fqans, ['/testvo', '/testvo/analysis']);
  assert.deepEqual(granted(jane, { fqans: [] }).fqans, ['/testvo', '/testvo/analysis']);
  assert.deepEqual(granted(jane, { fqans: ['/testvo/analysis/Role=production'] }).fqans, [
    '/testvo/analysis/Role=production',
    '/testvo',
    '/testvo/analysis',
  ]);
  assert.deepEqual(granted(jane, { fqans: 'all' }).fqans, [
    '/testvo',
    '/testvo/analysis',
    '/testvo/analysis/Role=production',
  ]);
  assert.deepEqual(granted(jane, { order: ['/testvo/analysis', '/testvo/nope'] } as never).fqans, [
    '/testvo/analysis',
    '/testvo',
  ]);
});

test('attributes of the member and of the groups come with their qualifiers', () => {
  assert.deepEqual(granted(jane).attributes, [
    { name: 'nickname', value: 'jane', qualifier: 'testvo' },
    { name: 'site', value: 'x', qualifier: '/testvo/analysis' },
  ]);
});

test('asked for anything that is not held, nothing is given', () => {
  for (const fqans of [['/testvo/Role=production'], ['/testvo', '/testvo/other'], ['/othervo']]) {
    const decision = decide(jane, { fqans });
    assert.ok(isRefusal(decision));
    assert.equal(decision.reason, 'not-satisfiable');
  }
  assert.deepEqual(decide(jane, { fqans: ['/testvo/analysis/Role=nope'] }), {
    reason: 'not-satisfiable',
    message: 'testvo: Unable to satisfy B/testvo/analysis:nope request!',
  });
});

test('strangers, the same name from another authority, the suspended and the late get nothing', () => {
  const reason = (dn: string, ca = CA) => {
    const decision = decide({ dn, ca });
    return isRefusal(decision) ? [decision.reason, decision.message] : undefined;
  };
  assert.deepEqual(reason('/O=Grid/CN=nobody'), ['no-such-user', 'testvo: User unknown to this VO.']);
  assert.deepEqual(reason(jane.dn, '/O=Other/CN=CA'), ['no-such-user', 'testvo: User unknown to this VO.']);
  assert.deepEqual(reason('/O=Grid/CN=gone'), [
    'suspended',
    'User is currently suspended!\nSuspension reason: membership expired',
  ]);
  assert.deepEqual(reason('/O=Grid/CN=late')?.[0], 'suspended');
});

test('life is what was asked for, the most that there is, or shortened with a word', () => {
  assert.equal(granted(jane).lifetimeSeconds, 3_600);
  assert.equal(granted(jane, { lifetimeSeconds: 0 }).lifetimeSeconds, 86_400);
  const long = granted(jane, { lifetimeSeconds: 2 ** 31 });
  assert.equal(long.lifetimeSeconds, 86_400);
  assert.deepEqual(long.warnings, [
    { code: '2', message: 'h:1: The validity of this VOMS AC in your proxy is shortened to 86400 seconds!' },
  ]);
  assert.equal(granted({ dn: '/O=Grid/CN=soon', ca: CA }).lifetimeSeconds, 600);
});
