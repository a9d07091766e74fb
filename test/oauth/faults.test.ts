import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { type ErrorCode, isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { type OAuthClient, refreshAccessToken } from '../../src/oauth/index.ts';
import { loopbackCertificate } from '../support/loopback-certificate.ts';
import {
  type Behaviour,
  type MisbehavingServer,
  PLANTED_CLIENT_SECRET,
  startMisbehavingServer,
} from '../support/misbehaving-server.ts';

const PLANTED_REFRESH_TOKEN = 'planted refresh/token+2';
const refreshToken = new Secret(PLANTED_REFRESH_TOKEN);

let server: MisbehavingServer;
before(async () => {
  server = await startMisbehavingServer();
});
after(() => server.close());

/** Everything that a log or a careless `console.log` could show of an error. */
function shown(error: unknown): string {
  return `${inspect(error, { depth: 10 })} ${JSON.stringify(error)} ${error instanceof Error ? error.stack : ''}`;
}

function assertNoSecret(text: string): void {
  for (const secret of [PLANTED_CLIENT_SECRET, PLANTED_REFRESH_TOKEN]) {
    const basic = Buffer.from(`ap1:${encodeURIComponent(secret)}`).toString('base64');
    const form = new URLSearchParams({ '': secret }).toString().slice(1);
    for (const spelling of [secret, encodeURIComponent(secret), form, basic]) {
      assert.equal(text.includes(spelling), false, `${spelling} in ${text}`);
    }
  }
}

interface Expected {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly hint: RegExp;
  readonly details?: Readonly<Record<string, unknown>>;
}

const AGAIN = { retryable: true, hint: /tried again/ };

const FAULTS: Readonly<Partial<Record<Behaviour, Expected>>> = {
  'http-500': { code: 'oauth/unavailable', ...AGAIN, details: { status: 500 } },
  'http-502-html': { code: 'oauth/unavailable', ...AGAIN, details: { status: 502 } },
  'http-503': { code: 'oauth/unavailable', ...AGAIN, details: { status: 503, retryAfterSeconds: 17 } },
  'http-429': { code: 'oauth/unavailable', ...AGAIN, details: { status: 429, retryAfterSeconds: 30 } },
  'server-error': { code: 'oauth/unavailable', ...AGAIN },
  'http-999': { code: 'http/malformed', retryable: false, hint: /web server/ },
  'no-http': { code: 'http/malformed', retryable: false, hint: /web server/ },
  'http-404': { code: 'oauth/bad-response', retryable: false, hint: /check the URL/ },
  silent: { code: 'http/timed-out', ...AGAIN },
  trickle: { code: 'http/timed-out', ...AGAIN },
  'invalid-grant': { code: 'oauth/invalid-grant', retryable: false, hint: /log in again/ },
  'error-with-status-200': { code: 'oauth/invalid-grant', retryable: false, hint: /log in again/ },
  'invalid-client': { code: 'oauth/refused', retryable: false, hint: /client id/ },
  'invalid-scope': { code: 'oauth/refused', retryable: false, hint: /scopes/ },
  'invalid-target': { code: 'oauth/refused', retryable: false, hint: /audience/ },
  'invented-error': { code: 'oauth/refused', retryable: false, hint: /operator/ },
  html: { code: 'oauth/bad-response', retryable: false, hint: /web page/ },
  'html-as-json': { code: 'oauth/bad-response', retryable: false, hint: /authorization server/ },
  'wrong-type': { code: 'oauth/bad-response', retryable: false, hint: /authorization server/ },
  'no-type': { code: 'oauth/bad-response', retryable: false, hint: /authorization server/ },
  list: { code: 'oauth/bad-response', retryable: false, hint: /authorization server/ },
  empty: { code: 'oauth/bad-response', retryable: false, hint: /authorization server/ },
  'no-token': { code: 'oauth/bad-response', retryable: false, hint: /operator/ },
  'control-characters': { code: 'oauth/bad-response', retryable: false, hint: /operator/ },
  'control-characters-in-refresh-token': { code: 'oauth/bad-response', retryable: false, hint: /operator/ },
  'another-token-type': { code: 'oauth/bad-response', retryable: false, hint: /operator/ },
  huge: { code: 'http/too-large', retryable: false, hint: /check the address/ },
  closes: { code: 'http/unreachable', retryable: true, hint: /server up/ },
  'closes-midway': { code: 'http/unreachable', retryable: true, hint: /server up/ },
  redirect: { code: 'oauth/bad-response', retryable: false, hint: /final URL/ },
  echo: { code: 'oauth/refused', retryable: false, hint: /does not accept/ },
  'terminal-escapes': { code: 'oauth/invalid-grant', retryable: false, hint: /log in again/ },
  'endless-description': { code: 'oauth/invalid-grant', retryable: false, hint: /log in again/ },
};

for (const [behaviour, expected] of Object.entries(FAULTS) as [Behaviour, Expected][]) {
  test(`a server that answers ${behaviour}: ${expected.code}, a hint, no secret`, async () => {
    for (const method of ['client_secret_post', 'client_secret_basic'] as const) {
      const client: OAuthClient = {
        ...server.client(behaviour),
        timeoutMs: /silent|trickle/.test(behaviour) ? 400 : 20_000,
        authentication: { method, secret: new Secret(PLANTED_CLIENT_SECRET) },
      };
      await assert.rejects(refreshAccessToken(client, refreshToken), (error) => {
        assert.ok(isLatchkeyError(error), shown(error));
        assert.equal(error.code, expected.code, shown(error));
        assert.equal(error.retryable, expected.retryable);
        assert.match(error.hint ?? '', expected.hint);
        for (const [name, value] of Object.entries(expected.details ?? {}))
          assert.equal(error.details[name], value);
        assert.ok(error.message.length < 500);
        assert.doesNotMatch(error.message, /[\p{Cc}\u202e]/u);
        assertNoSecret(shown(error));
        return true;
      });
    }
  });
}

const LIFETIMES: Readonly<Partial<Record<Behaviour, number | undefined>>> = {
  good: 600,
  'no-expiry': undefined,
  'no-expiry-jwt': 3_600,
  'expiry-in-text': 600,
  'negative-expiry': undefined,
  'nonsense-expiry': undefined,
  'endless-expiry': 315_360_000,
};

for (const [behaviour, seconds] of Object.entries(LIFETIMES) as [Behaviour, number | undefined][]) {
  test(`expires_in, ${behaviour}: the token is used, and ends in ${seconds ?? 'nobody knows how many'} seconds`, async () => {
    const before = Date.now();
    const token = await refreshAccessToken(server.client(behaviour), refreshToken);
    if (seconds === undefined) assert.equal(token.expiresAt, undefined);
    else {
      const left = ((token.expiresAt?.getTime() ?? 0) - before) / 1_000;
      assert.ok(left > seconds - 2 && left < seconds + 60, String(left));
    }
    assertNoSecret(shown(token));
  });
}

test('nobody listens, and a certificate that nobody trusts', async () => {
  const free = createServer();
  const port = await new Promise<number>((resolve) =>
    free.listen(0, '127.0.0.1', () => resolve((free.address() as { port: number }).port)),
  );
  await new Promise((resolve) => free.close(resolve));
  const nobody = { ...server.client(), tokenUrl: `https://127.0.0.1:${port}/token` };
  await assert.rejects(refreshAccessToken(nobody, refreshToken), {
    code: 'http/unreachable',
    message: `cannot reach https://127.0.0.1:${port}/token: connection refused`,
  });
  const { ca } = await loopbackCertificate();
  await assert.rejects(refreshAccessToken({ ...server.client(), ca }, refreshToken), { code: 'http/tls' });
});

test('plain http, a user name in the URL and an unknown address are refused before anything is sent', async () => {
  const sent = server.forms.length;
  for (const tokenUrl of ['http://localhost:1/token', 'ftp://localhost/token', 'not a URL']) {
    await assert.rejects(refreshAccessToken({ ...server.client(), tokenUrl }, refreshToken), (error) => {
      assert.ok(isLatchkeyError(error), shown(error));
      assertNoSecret(shown(error));
      return true;
    });
  }
  const elsewhere = { ...server.client(), tokenUrl: 'http://192.0.2.1/token', dangerouslyAllowHttp: true };
  await assert.rejects(refreshAccessToken(elsewhere, refreshToken), { code: 'http/insecure' });
  assert.equal(server.forms.length, sent);
});

test('an aborted request ends at once with the reason of the signal', async () => {
  const controller = new AbortController();
  const reason = new Error('shutting down');
  const request = refreshAccessToken(server.client('silent'), refreshToken, { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 50);
  await assert.rejects(request, (error) => error === reason);
});
