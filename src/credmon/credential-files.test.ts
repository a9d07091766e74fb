import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError, Secret } from '../kit/index.ts';
import { formatMeta, parseMeta } from './meta-file.ts';
import { formatTop, parseTop, type TopFile } from './top-file.ts';
import { formatUse, parseUse } from './use-file.ts';

function json(top: TopFile): Extract<TopFile, { kind: 'json' }> {
  return top.kind === 'json' ? top : assert.fail('a marker');
}

test('.top: what upstream, credd and a local request look like', () => {
  const upstream = json(
    parseTop('{"refresh_token": "r1", "scopes": "read:/,write:/", "audience": "https://a"}'),
  );
  assert.equal(upstream.refreshToken?.revealText(), 'r1');
  assert.equal(upstream.scopes, 'read:/,write:/');
  const credd = json(
    parseTop(
      '{\n  "scopes": "read:/a,write:/b",\n  "audience": "https://aud",\n  "vault_token": "hvs.1"\n}\n',
    ),
  );
  assert.equal(credd.audience, 'https://aud');
  assert.equal(credd.refreshToken, undefined);
  assert.equal(credd.members.vault_token, 'hvs.1');
  for (const text of ['alice@foo', '', 'not { json', '{"torn": ', '[1]', '"x"', 'null'])
    assert.deepEqual(parseTop(text), { kind: 'marker' });
});

test('.top: raw strings are kept, empty ones left out, other members kept, the old refresh token is not', () => {
  const contents = { refreshToken: new Secret('new'), scopes: 'read:/public, write:/x', audience: '' };
  const text = formatTop({
    ...contents,
    members: { refresh_token: 'old', scopes: 'old', iss: 'https://i' },
  }).revealText();
  assert.equal(text, '{"refresh_token":"new","scopes":"read:/public, write:/x","iss":"https://i"}');
  assert.equal(formatTop({}).revealText(), '{"refresh_token":""}');
});

test('.use: one line of JSON, the scope as a list, never a refresh token', () => {
  const text = formatUse(
    {
      accessToken: new Secret('a1'),
      tokenType: 'Bearer',
      expiresIn: 1200,
      expiresAt: new Date(1_700_000_000_500),
      scope: 'read:/  write:/',
      members: { id_token: 'i\n1', refresh_token: 'r' },
    },
    'json',
  ).revealText();
  assert.doesNotMatch(text, /\n/);
  assert.deepEqual(JSON.parse(text), {
    id_token: 'i\n1',
    access_token: 'a1',
    token_type: 'Bearer',
    expires_in: 1200,
    expires_at: 1_700_000_000,
    scope: ['read:/', 'write:/'],
  });
  const read = parseUse(text);
  assert.equal(read?.accessToken.revealText(), 'a1');
  assert.equal(read?.expiresIn, 1200);
  assert.equal(read?.expiresAt?.getTime(), 1_700_000_000_000);
  assert.equal(read?.scope, 'read:/ write:/');
});

test('.use: a bare token is one line; comments and empty lines before it are passed over', () => {
  assert.equal(formatUse({ accessToken: new Secret('t') }, 'bare').revealText(), 't\n');
  const read = parseUse('# made by hand\n\n eyJ.x.y \nmore\n');
  assert.equal(read?.format, 'bare');
  assert.equal(read?.accessToken.revealText(), 'eyJ.x.y');
});

test('.use: torn, empty and foreign files are told apart from tokens', () => {
  for (const text of [
    '',
    '\n\n',
    '{"access_token": "x',
    '{"other": 1}',
    '[]',
    '{"access_token": 3}',
    'two words',
    '# only',
  ])
    assert.equal(parseUse(text), undefined, text);
  assert.equal(parseUse('{"access_token": "", "expires_in": 1200}')?.accessToken.isEmpty, true);
});

test('.use: numbers as strings, floats and absurd dates', () => {
  assert.equal(parseUse('{"access_token":"x","expires_in":"3600"}')?.expiresIn, 3600);
  assert.equal(
    parseUse('{"access_token":"x","expires_at":1700000000.25}')?.expiresAt?.getTime(),
    1_700_000_000_250,
  );
  assert.equal(parseUse('{"access_token":"x","expires_at":1e300}')?.expiresAt, undefined);
  assert.equal(parseUse('{"access_token":"x","expires_in":null}')?.expiresIn, undefined);
});

test('.meta: both ways, and what is not one', () => {
  const meta = {
    clientId: 'ap1',
    clientSecret: new Secret('s'),
    tokenUrl: 'https://t',
    useRefreshToken: true,
  };
  assert.equal(
    formatMeta(meta).revealText(),
    '{"client_id":"ap1","client_secret":"s","token_url":"https://t","use_refresh_token":true}',
  );
  assert.deepEqual(parseMeta(formatMeta(meta).revealText()), meta);
  assert.equal(
    parseMeta('{"client_id":"a","token_url":"u","use_refresh_token":false}')?.useRefreshToken,
    false,
  );
  assert.equal(parseMeta('{"client_id":"a","token_url":"u"}')?.useRefreshToken, true);
  assert.equal(parseMeta('{"client_id":"a"}'), undefined);
  assert.equal(parseMeta('torn'), undefined);
});

test('what is written is read again', () => {
  const text = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, text, fc.nat(), (token, scopes, audience, expiresIn) => {
      const top = json(
        parseTop(formatTop({ refreshToken: new Secret(token), scopes, audience }).revealText()),
      );
      assert.equal(top.refreshToken?.revealText(), token);
      assert.equal(top.scopes ?? '', scopes);
      assert.equal(top.audience ?? '', audience);
      const use = parseUse(formatUse({ accessToken: new Secret(token), expiresIn }, 'json').revealText());
      assert.equal(use?.accessToken.revealText(), token);
      assert.equal(use?.expiresIn, expiresIn);
    }),
    { seed: 4 },
  );
});

test('no text makes the readers fail in any other way than they say', () => {
  const member = fc.constantFrom(
    'access_token',
    'scopes',
    'expires_in',
    'expires_at',
    'scope',
    '__proto__',
    'use_refresh_token',
  );
  const object = fc.dictionary(member, fc.jsonValue()).map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(fc.oneof(fc.string(), object, fc.json()), (text) => {
      parseTop(text);
      parseUse(text);
      parseMeta(text);
    }),
    { seed: 4 },
  );
});

test('a file over 1 MiB is refused', () => {
  const text = ' '.repeat((1 << 20) + 1);
  for (const read of [parseTop, parseUse, parseMeta])
    assert.throws(
      () => read(text),
      (error) => isLatchkeyError(error, 'credmon/file-malformed'),
    );
});
