import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, Secret } from '../kit/index.ts';
import { createBrowsers } from './browser-session.ts';

function fakeClock(): Clock & { advance(ms: number): void } {
  let time = Date.parse('2027-01-01T00:00:00Z');
  return {
    now: () => new Date(time),
    sleep: async () => {},
    advance: (ms) => {
      time += ms;
    },
  };
}

const key = new Secret('a key of at least sixteen bytes');

test('a browser is known again by its cookie, also after a restart', () => {
  const clock = fakeClock();
  const { browser, value } = createBrowsers(key, clock).welcome();
  const restarted = createBrowsers(key, clock);
  assert.deepEqual(restarted.recognize(value), browser);
  clock.advance(24 * 3_600_000 + 1);
  assert.equal(restarted.recognize(value), undefined);
});

test('nobody makes a cookie without the key', () => {
  const clock = fakeClock();
  const browsers = createBrowsers(key, clock);
  const { value } = browsers.welcome();
  const [id = '', time = '', mac = ''] = value.split('.');
  const forged = createBrowsers(new Secret('another key of sixteen bytes'), clock).welcome().value;
  for (const wrong of [
    forged,
    `${id}.${time}x.${mac}`,
    `${id.slice(0, -1)}!.${time}.${mac}`,
    `${'A'.repeat(24)}.${time}.${mac}`,
    `${value}.`,
    '',
    '..',
    undefined,
  ])
    assert.equal(browsers.recognize(wrong), undefined, wrong);
});

test('signing in gives a new id, ends after eight hours, and ends at once when asked', () => {
  const clock = fakeClock();
  const browsers = createBrowsers(key, clock);
  const before = browsers.welcome();
  const { browser, value } = browsers.signIn('alice');
  assert.notEqual(browser.id, before.browser.id);
  assert.equal(browsers.recognize(value)?.user, 'alice');
  assert.equal(browsers.recognize(before.value)?.user, undefined);
  const other = browsers.signIn('alice');
  browsers.signOut(other.browser);
  assert.equal(browsers.recognize(other.value)?.user, undefined);
  clock.advance(8 * 3_600_000);
  assert.equal(browsers.recognize(value)?.user, undefined);
});

test('a form token fits one browser only, and is no cookie signature', () => {
  const browsers = createBrowsers(key, fakeClock());
  const [one, other] = [browsers.welcome(), browsers.welcome()];
  const token = browsers.formToken(one.browser);
  assert.ok(browsers.checkFormToken(one.browser, token));
  assert.ok(!browsers.checkFormToken(other.browser, token));
  assert.ok(!browsers.checkFormToken(one.browser, ''));
  assert.ok(!one.value.endsWith(token));
});
