import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errandsOf } from './wishes.ts';

const server = (alias: string, vo: string, host = 'h') => ({ alias, host, port: 15_000, dn: '/CN=h', vo });
const OPTIONS = {
  servers: [server('testvo', 'testvo'), server('testvo', 'testvo', 'i'), server('mine', 'othervo')],
  lifetimeSeconds: 60,
};

test('wishes of one organisation are one request, with all its servers; the order of the organisations is kept', () => {
  const wishes = [{ name: 'mine' }, { name: 'testvo', command: '/testvo/Role=x' }, { name: 'testvo' }];
  const errands = errandsOf(wishes, { ...OPTIONS, order: ['/testvo/a', '/othervo'], targets: ['t'] });
  assert.deepEqual(
    errands.map(({ servers, request }) => [servers.map(({ host }) => host), request.fqans, request.order]),
    [
      [['h'], ['/othervo'], ['/othervo']],
      [['h', 'i'], ['/testvo/Role=x', '/testvo'], ['/testvo/a']],
    ],
  );
  assert.deepEqual(errands[0]?.request.targets, ['t']);
});

test('an organisation that nobody knows is told before anybody is asked, with those that are known', () => {
  assert.throws(() => errandsOf([{ name: 'testvo' }, { name: 'atlas' }], OPTIONS), {
    code: 'voms/unknown-organisation',
    message: 'no VOMS server of "atlas" is known',
    hint: /^known are testvo, mine; /,
  });
  assert.throws(() => errandsOf([{ name: 'atlas' }], { ...OPTIONS, servers: [] }), {
    hint: /~\/\.voms\/vomses/,
  });
});
