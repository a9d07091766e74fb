import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError, Secret } from '../../kit/index.ts';
import { COMMANDS } from './command.ts';
import { encodeRequest, parseRequest, type Request, requestErrorLines } from './request.ts';

const GET = 'VERSION=MYPROXYv2\nCOMMAND=0\nUSERNAME=jane\nPASSPHRASE=secret phrase\nLIFETIME=43200\n\0';

const request = (more: Partial<Request> = {}): Request => ({
  command: 'GET',
  username: 'jane',
  passPhrase: new Secret('secret phrase'),
  lifetimeSeconds: 43200,
  wantTrustRoots: false,
  voNames: [],
  vomses: [],
  ...more,
});

/** A request as plain text, so that secrets compare too. */
const plain = (value: Request) => ({
  ...value,
  passPhrase: value.passPhrase.reveal().toString('hex'),
  newPassPhrase: value.newPassPhrase?.reveal().toString('hex'),
});

const parse = (text: string) => parseRequest(Buffer.from(text));
const linesFor = (text: string): readonly string[] => {
  try {
    parse(text);
  } catch (error) {
    assert.ok(isLatchkeyError(error), String(error));
    return requestErrorLines(error);
  }
  return [];
};

test('a GET is encoded byte for byte as the C client writes it', () => {
  assert.equal(encodeRequest(request()).toString(), GET);
});

test('all fields come in the order of the C client', () => {
  const message = encodeRequest(
    request({
      command: 'STORE',
      newPassPhrase: new Secret('new phrase'),
      retrievers: '*/CN=r',
      renewers: '*/CN=n',
      credentialName: 'a\nb',
      credentialDescription: 'two\nlines',
      keyRetrievers: '*/CN=k',
      trustedRetrievers: '*/CN=t',
      wantTrustRoots: true,
      voNames: ['vo1', 'vo2:/vo2/Role=x'],
      vomses: ['"vo1" "h" "1" "/CN=h" "vo1"'],
    }),
  );
  assert.deepEqual(message.toString().split('\n'), [
    'VERSION=MYPROXYv2',
    'COMMAND=5',
    'USERNAME=jane',
    'PASSPHRASE=secret phrase',
    'NEW_PHRASE=new phrase',
    'LIFETIME=43200',
    'RETRIEVER=*/CN=r',
    'RENEWER=*/CN=n',
    'CRED_NAME=ab',
    'CRED_DESC=twolines',
    'KEYRETRIEVERS=*/CN=k',
    'RETRIEVER_TRUSTED=*/CN=t',
    'TRUSTED_CERTS=1',
    'VONAME=vo1',
    'VONAME=vo2:/vo2/Role=x',
    'VOMSES="vo1" "h" "1" "/CN=h" "vo1"',
    '\0',
  ]);
});

test('values that would inject a field are refused', () => {
  for (const value of ['jane\nLIFETIME=1', 'jane\0']) {
    assert.throws(() => encodeRequest(request({ username: value })), { code: 'myproxy/value-invalid' });
    assert.throws(() => encodeRequest(request({ passPhrase: new Secret(value) })), {
      code: 'myproxy/value-invalid',
    });
    assert.throws(() => encodeRequest(request({ retrievers: value })), { code: 'myproxy/value-invalid' });
  }
  assert.throws(() => encodeRequest(request({ passPhrase: new Secret('x'.repeat(1024)) })), {
    code: 'myproxy/value-invalid',
  });
});

test('a pass phrase may contain the name of another field', () => {
  const parsed = parse(GET.replace('secret phrase', 'LIFETIME=3 USERNAME=root'));
  assert.equal(parsed.passPhrase.revealText(), 'LIFETIME=3 USERNAME=root');
  assert.equal(parsed.lifetimeSeconds, 43200);
  assert.equal(parsed.username, 'jane');
});

test("MyProxyClient's change of pass phrase is understood: leading blanks, no last LF, no NUL", () => {
  const parsed = parse(
    'VERSION=MYPROXYv2\n    COMMAND=4\n    USERNAME=jane\n    PASSPHRASE=old one\n    NEW_PHRASE=new one\n    LIFETIME=0',
  );
  assert.equal(parsed.command, 'CHANGE');
  assert.equal(parsed.passPhrase.revealText(), 'old one');
  assert.equal(parsed.newPassPhrase?.revealText(), 'new one');
});

test('integers are read as strtol does', () => {
  const lifetime = (value: string) => parse(GET.replace('43200', value)).lifetimeSeconds;
  assert.equal(lifetime('0xA8C0'), 43200);
  assert.equal(lifetime('0124300'), 43200);
  assert.equal(lifetime('+60'), 60);
  assert.equal(lifetime('-60'), 0);
  assert.equal(lifetime(''), 0);
  assert.equal(lifetime('9999999999'), 2 ** 31 - 1);
  assert.equal(lifetime('0'), 0);
  for (const value of ['12h', '08', '0x', '1 ', '1e3', '99999999999999999999', 'NaN']) {
    assert.deepEqual(linesFor(GET.replace('43200', value)), ['error parsing request'], value);
  }
});

test('both spellings of the key retrievers are read, and unknown lines are not', () => {
  const more = (line: string) => parse(GET.replace('\0', `${line}\n\0`));
  assert.equal(more('KEYRETRIEVER=a').keyRetrievers, 'a');
  assert.equal(more('KEYRETRIEVERS=a').keyRetrievers, 'a');
  assert.deepEqual(plain(more('FLAVOUR=x')), plain(more('no field at all')));
  assert.deepEqual(more('VONAME=a\nVONAME=b').voNames, ['a', 'b']);
});

test('each kind of bad request has the text that the C server sends', () => {
  for (const field of [
    'VERSION=MYPROXYv2\n',
    'COMMAND=0\n',
    'USERNAME=jane\n',
    'PASSPHRASE=secret phrase\n',
  ]) {
    assert.deepEqual(linesFor(GET.replace(field, '')), ['error parsing request'], field);
    assert.deepEqual(linesFor(field + GET), ['error parsing request'], `twice ${field}`);
  }
  assert.deepEqual(linesFor('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), ['error parsing request']);
  assert.deepEqual(linesFor(''), ['error parsing request']);
  assert.deepEqual(linesFor(GET.replace('v2', 'v1')), ['Invalid version number received.']);
  assert.deepEqual(linesFor(GET.replace('jane', '')), ['Invalid username received.']);
  assert.deepEqual(linesFor(GET.replace('COMMAND=0', 'COMMAND=8')), ['UNKNOWN command in request.']);
  assert.deepEqual(linesFor(GET.replace('COMMAND=0', 'COMMAND=')), ['error parsing request']);
  assert.deepEqual(linesFor(GET.replace('secret phrase', 'x'.repeat(1024))), ['error parsing request']);
  assert.deepEqual(linesFor(GET.replace('\0', 'KEYRETRIEVER=a\nKEYRETRIEVERS=b\n\0')), [
    'error parsing request',
  ]);
  assert.equal(parse(GET.replace('jane', '').replace('COMMAND=0', 'COMMAND=7')).command, 'TRUSTROOTS');
});

test('a user name that is not UTF-8 is refused, a pass phrase that is not is kept', () => {
  const bytes = (text: string) => Buffer.from(text, 'latin1');
  assert.throws(() => parseRequest(bytes(GET.replace('jane', 'j\xe4ne'))), { code: 'myproxy/malformed' });
  const parsed = parseRequest(bytes(GET.replace('secret', 's\xe4cret')));
  assert.deepEqual(parsed.passPhrase.reveal(), bytes('s\xe4cret phrase'));
});

const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replace(/[\n\0]/g, ''));
const optionalLine = fc.option(line, { nil: undefined });
const requests = fc
  .record({
    command: fc.constantFrom(...COMMANDS.map((row) => row.command)),
    username: line.map((text) => `u${text}`),
    passPhrase: fc
      .uint8Array({ maxLength: 1023 })
      .map((bytes) => new Secret(bytes.map((byte) => byte || 32).map((byte) => (byte === 10 ? 11 : byte)))),
    lifetimeSeconds: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    retrievers: optionalLine,
    renewers: optionalLine,
    credentialName: optionalLine,
    credentialDescription: optionalLine,
    keyRetrievers: optionalLine,
    trustedRetrievers: optionalLine,
    wantTrustRoots: fc.boolean(),
    voNames: fc.array(line, { maxLength: 3 }),
    vomses: fc.array(line, { maxLength: 3 }),
  })
  .map((record) => {
    const entries = Object.entries(record).filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries) as unknown as Request;
  });

test('what was encoded is parsed to the same request', () => {
  fc.assert(
    fc.property(requests, (value) => {
      assert.deepEqual(plain(parseRequest(encodeRequest(value))), plain(value));
    }),
    { numRuns: 500 },
  );
});

test('a message of a hundred thousand lines is not read to its end', () => {
  const text = `${GET.slice(0, -1)}${'#\n'.repeat(100_001)}`;
  assert.throws(
    () => parseRequest(Buffer.from(text)),
    (error) => isLatchkeyError(error, 'myproxy/malformed'),
  );
});
