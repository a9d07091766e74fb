import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../kit/index.ts';
import { awaitDeviceLogin, beginDeviceLogin } from './device.ts';
import { errorAnswer, scriptedServer } from './scripted-server.test.ts';

const DISCOVERY = {
  issuer: 'https://op.example',
  token_endpoint: 'https://op.example/token',
  device_authorization_endpoint: 'https://op.example/device',
};
const DEVICE = {
  device_code: 'dc',
  user_code: 'ABCD-EFGH',
  verification_uri: 'https://op.example/activate',
  expires_in: 600,
  interval: 7,
};
const TOKEN = { access_token: 'at', token_type: 'Bearer', expires_in: 60 };

/** A clock that jumps instead of waiting, and the seconds it was asked to wait. */
function jumpingClock(): { clock: Clock; waits: number[] } {
  let now = Date.parse('2026-11-22T12:00:00Z');
  const waits: number[] = [];
  const clock: Clock = {
    now: () => new Date(now),
    sleep: async (milliseconds) => {
      waits.push(milliseconds / 1_000);
      now += milliseconds;
    },
  };
  return { clock, waits };
}

function deviceServer(device: Record<string, unknown>, polls: readonly (() => unknown)[]) {
  let poll = 0;
  return scriptedServer({
    '/.well-known/openid-configuration': () => DISCOVERY,
    '/device': () => device,
    '/token': () => {
      const next = polls[Math.min(poll, polls.length - 1)];
      poll += 1;
      return next?.();
    },
  });
}

test('polls no faster than told, slower after slow_down, twice as slow after an outage', async () => {
  const { clock, waits } = jumpingClock();
  const { client, asked } = deviceServer(DEVICE, [
    () => errorAnswer('authorization_pending'),
    () => errorAnswer('slow_down'),
    () => errorAnswer('authorization_pending'),
    () => errorAnswer('slow_down'),
    () => new Response('', { status: 503 }),
    () => TOKEN,
  ]);
  const login = await beginDeviceLogin(client, { scope: 'a', audience: 'https://aud', clock });
  assert.equal(login.completeUrl, undefined);
  const token = await awaitDeviceLogin(client, login, { clock });
  assert.equal(token.accessToken.revealText(), 'at');
  assert.deepEqual(waits, [7, 7, 12, 12, 17, 34]);
  assert.equal(asked[1]?.form.get('audience'), 'https://aud');
  assert.equal(asked.at(-1)?.form.get('device_code'), 'dc');
});

test('a code that nobody confirms ends in time, without a last poll after its end', async () => {
  const { clock, waits } = jumpingClock();
  const { client } = deviceServer({ ...DEVICE, expires_in: 30, interval: 10 }, [
    () => errorAnswer('authorization_pending'),
  ]);
  const login = await beginDeviceLogin(client, { clock });
  await assert.rejects(awaitDeviceLogin(client, login, { clock }), { code: 'oauth/expired' });
  assert.deepEqual(waits, [10, 10]);
});

test('an error that waiting does not mend ends the polling', async () => {
  for (const [error, code] of [
    ['access_denied', 'oauth/denied'],
    ['expired_token', 'oauth/expired'],
    ['invalid_client', 'oauth/refused'],
  ] as const) {
    const { clock, waits } = jumpingClock();
    const { client } = deviceServer(DEVICE, [() => errorAnswer(error)]);
    const login = await beginDeviceLogin(client, { clock });
    await assert.rejects(awaitDeviceLogin(client, login, { clock }), { code });
    assert.equal(waits.length, 1);
  }
});

test('what the server does not say, or says beyond reason, is bounded', async () => {
  const { clock } = jumpingClock();
  const cases: [Record<string, unknown>, number, number][] = [
    [{ interval: undefined, expires_in: undefined }, 5, 600],
    [{ interval: 'often', expires_in: 'long' }, 5, 600],
    [{ interval: 0, expires_in: 0 }, 5, 600],
    [{ interval: 1e9, expires_in: 1e300 }, 60, 3_600],
  ];
  for (const [odd, interval, seconds] of cases) {
    const { client } = deviceServer({ ...DEVICE, ...odd }, []);
    const login = await beginDeviceLogin(client, { clock });
    assert.equal(login.intervalSeconds, interval);
    assert.equal((login.expiresAt.getTime() - clock.now().getTime()) / 1_000, seconds);
  }
});

test('people are sent to https addresses only, and codes cannot play with the terminal', async () => {
  for (const odd of [
    { verification_uri: 'http://op.example/activate' },
    { verification_uri: 'javascript:alert(1)' },
    { verification_uri_complete: 'http://op.example/activate?c' },
    { device_code: 'a\nb' },
    { user_code: '' },
  ]) {
    const { client } = deviceServer({ ...DEVICE, ...odd }, []);
    await assert.rejects(beginDeviceLogin(client), { code: 'oauth/bad-response' }, JSON.stringify(odd));
  }
  const { client } = deviceServer({ ...DEVICE, user_code: 'AB\u001b[2J' }, []);
  assert.equal((await beginDeviceLogin(client)).userCode, 'AB?[2J');
});

test('a server without the flow', async () => {
  const { client } = scriptedServer({
    '/.well-known/openid-configuration': () => ({ ...DISCOVERY, device_authorization_endpoint: undefined }),
  });
  await assert.rejects(beginDeviceLogin(client), {
    code: 'oauth/config',
    message: 'the server "https://op.example" has no device authorization endpoint',
  });
});

test('addresses come as URLs are written: a server cannot write to the terminal with them', async () => {
  const { client } = deviceServer(
    {
      ...DEVICE,
      verification_uri: 'https://op.example/\u001b[2Jactivate\u0007x',
      verification_uri_complete: ' https://op.example/a?code=\u001b]0;x\u009b1m\n',
    },
    [],
  );
  const { verificationUrl, completeUrl } = await beginDeviceLogin(client, { clock: jumpingClock().clock });
  assert.equal(verificationUrl, 'https://op.example/%1B[2Jactivate%07x');
  assert.match(completeUrl ?? '', /^https:\/\/op\.example\/a\?code=[\x21-\x7e]+$/);
});
