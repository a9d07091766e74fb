import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LatchkeyError } from '../kit/index.ts';
import { parseRequestFile } from './request-file.ts';

/** Two ads as HTCondor 25.14.0 wrote them, in its order; names and secret are made up. */
const RECORDED = `Handle = ""
Scopes = "read:/public, write:/user/alice"
Audience = "https://data.example"
ClientId = "ap1"
Provider = "mytokens"
TokenUrl = "https://op.example/token"
LocalUser = "alice"
ReturnUrl = "https://localhost:8443/return/mytokens"
ClientSecret = "s3"
AuthorizationUrl = "https://op.example/authorize"

Handle = "read"
Scopes = ""
Audience = ""
ClientId = "ap1"
Provider = "mytokens"
TokenUrl = "https://op.example/token"
LocalUser = "alice"
ReturnUrl = "https://localhost:8443/return/mytokens"
ClientSecret = "s3"
AuthorizationUrl = "https://op.example/authorize"
`;

test('both ads of a recorded file, strings as they are', () => {
  const { requests, findings } = parseRequestFile(RECORDED);
  assert.deepEqual(
    requests.map(({ handle, scopes }) => [handle, scopes]),
    [
      ['', 'read:/public, write:/user/alice'],
      ['read', ''],
    ],
  );
  const [first] = requests;
  assert.equal(first?.clientSecret.revealText(), 's3');
  assert.equal(first?.returnUrl, 'https://localhost:8443/return/mytokens');
  assert.deepEqual(findings, []);
});

test('names of attributes in any case, any blank, CRLF, unknown ones with a finding', () => {
  const { requests, findings } = parseRequestFile(
    'PROVIDER="box"\r\nlocaluser   =   "bob@submit.example"\r\nMyType = "x"\r\nNumber = 3\r\nHandle = undefined\r\n',
  );
  assert.equal(requests[0]?.provider, 'box');
  assert.equal(requests[0]?.localUser, 'bob');
  assert.equal(requests[0]?.handle, '');
  assert.deepEqual(
    findings.map(({ index }) => index),
    [3, 4],
  );
});

const REFUSED: Readonly<Record<string, string>> = {
  'nothing in it': '\n\n# only a comment\n',
  'a string without an end': 'Provider = "a"\nLocalUser = "alice"\nScopes = "x\n',
  'a line end smuggled into a value': 'Provider = "a"\nScopes = "x\nLocalUser = "bob"\nLocalUser = "alice"\n',
  'the same attribute twice': 'Provider = "a"\nLocalUser = "alice"\nlocaluser = "bob"\n',
  'a quote inside a string': 'Provider = "a"\nLocalUser = "alice"\nScopes = "x" y"\n',
  'ads of two users': 'Provider = "a"\nLocalUser = "alice"\n\nProvider = "a"\nLocalUser = "bob"\n',
  'a user that is a path': 'Provider = "a"\nLocalUser = "../bob"\n',
  'no user': 'Provider = "a"\n',
  'no provider': 'LocalUser = "alice"\n',
  'no assignment': 'Provider = "a"\nLocalUser = "alice"\nhello\n',
  'an expression': 'Provider = strcat("a", "b")\nLocalUser = "alice"\n',
  'too many ads': 'Provider = "a"\nLocalUser = "alice"\n\n'.repeat(201),
};

for (const [name, text] of Object.entries(REFUSED)) {
  test(`refused: ${name}`, () => {
    assert.throws(() => parseRequestFile(text), { code: 'credmon/file-malformed' });
  });
}

test('a value that ends in a backslash ends with its line', () => {
  const [request] = parseRequestFile(
    'Provider = "a"\nLocalUser = "alice"\nScopes = "c:\\"\nAudience = "x"\n',
  ).requests;
  assert.equal(request?.scopes, 'c:\\');
  assert.equal(request?.audience, 'x');
});

/** As HTCondor writes: only the quote gets a backslash. */
function written(value: string): string {
  return `"${value.replaceAll('"', '\\"')}"`;
}

test('every value without a line end comes back as it was', () => {
  const value = fc.string({ unit: fc.constantFrom('"', '\\', ' ', '=', 'a', 'ß', '\t', '#') });
  fc.assert(
    fc.property(value, value, value, (scopes, audience, clientSecret) => {
      const text = `Scopes = ${written(scopes)}\nProvider = "a"\nAudience = ${written(audience)}\nLocalUser = "alice"\nClientSecret = ${written(clientSecret)}\n`;
      const [request] = parseRequestFile(text).requests;
      assert.equal(request?.scopes, scopes);
      assert.equal(request?.audience, audience);
      assert.equal(request?.clientSecret.revealText(), clientSecret);
    }),
    { seed: 4 },
  );
});

test('nothing but our own error comes out of anything, and it holds no value', () => {
  const line = fc.constantFrom(
    'Provider = "canary-1"',
    'LocalUser = "canary-2',
    'ClientSecret = "canary-3"',
    '',
    '"',
    '=',
    'X = \\',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string())), (lines) => {
      try {
        parseRequestFile(lines.join('\n'));
      } catch (error) {
        assert.ok(error instanceof LatchkeyError && error.code === 'credmon/file-malformed', String(error));
        assert.doesNotMatch(error.message, /canary/);
      }
    }),
    { seed: 4 },
  );
});
