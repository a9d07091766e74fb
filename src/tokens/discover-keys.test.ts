import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import { discoverKeys } from './discover-keys.ts';
import { formatJwk, makePublishedKey } from './published-key.ts';

const ISSUER = 'https://tokens.example/pool';
const CONFIGURATION = `${ISSUER}/.well-known/openid-configuration`;
const METADATA = 'https://tokens.example/.well-known/oauth-authorization-server/pool';
const JWKS = `${ISSUER}/jwks`;
const key = (kid: string) => formatJwk(makePublishedKey(generateKeyPairSync('ed25519').publicKey, kid));

/** Pages of a web that has nothing else, and what was asked. */
function web(pages: Record<string, unknown>) {
  let now = 0;
  const asked: string[] = [];
  const fetchPage = async (input: unknown): Promise<Response> => {
    asked.push(String(input));
    const page = pages[String(input)];
    if (page instanceof Error) throw page;
    if (page === undefined) return new Response('no', { status: 404 });
    if (typeof page === 'number') return new Response('no', { status: page });
    return new Response(typeof page === 'string' ? page : JSON.stringify(page));
  };
  const source = discoverKeys({ now: () => new Date(now), fetch: fetchPage as typeof fetch });
  const pass = (seconds: number): void => {
    now += seconds * 1000;
  };
  return { source, asked, pass, pages };
}

function good() {
  return web({ [CONFIGURATION]: { issuer: ISSUER, jwks_uri: JWKS }, [JWKS]: { keys: [key('one')] } });
}

const ids = async (keys: Promise<readonly { keyId: string }[]>): Promise<string[]> =>
  (await keys).map(({ keyId }) => keyId);

test('keys are asked for once an hour', async () => {
  const { source, asked, pass } = good();
  assert.deepEqual(await ids(source.keysOf(ISSUER)), ['one']);
  pass(3599);
  await source.keysOf(ISSUER);
  assert.deepEqual(asked, [CONFIGURATION, JWKS]);
  pass(1);
  await source.keysOf(ISSUER);
  assert.equal(asked.length, 4);
});

test('an unknown key makes it look again, once a minute', async () => {
  const { source, asked, pass, pages } = good();
  await source.keysOf(ISSUER);
  pages[JWKS] = { keys: [key('one'), key('two')] };
  assert.deepEqual(await ids(source.keysOf(ISSUER, 'two')), ['one'], 'too soon');
  pass(60);
  assert.deepEqual(await ids(source.keysOf(ISSUER, 'two')), ['one', 'two']);
  assert.equal(asked.length, 4);
  await source.keysOf(ISSUER, 'nobody');
  assert.equal(asked.length, 4);
});

test('while the issuer cannot be reached, keys serve for two days', async () => {
  const { source, asked, pass, pages } = good();
  await source.keysOf(ISSUER);
  pages[CONFIGURATION] = new LatchkeyError('http/unreachable', 'no such host', { retryable: true });
  pass(3600);
  assert.deepEqual(await ids(source.keysOf(ISSUER)), ['one']);
  const before = asked.length;
  assert.deepEqual(await ids(source.keysOf(ISSUER)), ['one']);
  assert.equal(asked.length, before, 'not again within a minute');
  pass(2 * 86_400);
  await assert.rejects(
    source.keysOf(ISSUER),
    (error) => isLatchkeyError(error, 'tokens/issuer') && error.retryable,
  );
});

test('requests at one moment are one', async () => {
  const { source, asked } = good();
  await Promise.all([source.keysOf(ISSUER), source.keysOf(ISSUER), source.keysOf(ISSUER)]);
  assert.equal(asked.length, 2);
});

test('RFC 8414 when there is no OpenID document', async () => {
  const { source, asked } = web({
    [METADATA]: { issuer: ISSUER, jwks_uri: JWKS },
    [JWKS]: { keys: [key('one')] },
  });
  assert.deepEqual(await ids(source.keysOf(ISSUER)), ['one']);
  assert.deepEqual(asked, [CONFIGURATION, METADATA, JWKS]);
});

test('what an issuer may do wrong', async () => {
  const document = { issuer: ISSUER, jwks_uri: JWKS };
  for (const [pages, message] of [
    [{}, /status 404/],
    [{ [CONFIGURATION]: 302 }, /status 404/],
    [{ [CONFIGURATION]: '<html>' }, /no JSON/],
    [{ [CONFIGURATION]: 'null' }, /is about/],
    [{ [CONFIGURATION]: { ...document, issuer: `${ISSUER}/` } }, /is about/],
    [{ [CONFIGURATION]: { issuer: ISSUER } }, /no https URL/],
    [{ [CONFIGURATION]: { ...document, jwks_uri: 'http://tokens.example/jwks' } }, /no https URL/],
    [{ [CONFIGURATION]: { ...document, jwks_uri: 'file:///etc/passwd' } }, /no https URL/],
    [{ [CONFIGURATION]: document }, /its keys answered with status 404/],
    [{ [CONFIGURATION]: document, [JWKS]: { keys: [] } }, /publishes no key/],
    [{ [CONFIGURATION]: document, [JWKS]: { keys: [{ kty: 'oct', k: 'AAAA' }] } }, /publishes no key/],
    [{ [CONFIGURATION]: document, [JWKS]: '[]' }, /a JWK set is/],
  ] as const) {
    await assert.rejects(web({ ...pages }).source.keysOf(ISSUER), message);
  }
  await assert.rejects(web({}).source.keysOf('https://user@tokens.example'), /an issuer is/);
});
