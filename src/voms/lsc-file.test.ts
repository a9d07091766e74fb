import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Certificate, parseOneline } from '../x509/index.ts';
import { matchesLscChain, parseLscFile } from './lsc-file.ts';

test('an LSC file has chains of names, comments, and names in quotes', () => {
  const text = `
# testvo
"/O=Grid/CN=voms.example.org"
  /O=Grid/CN=CA
------ NEXT CHAIN ------
/O=Grid/CN=new.example.org\r
/O=Grid/CN=CA 2
------NEXT CHAIN------
`;
  assert.deepEqual(parseLscFile(text), {
    chains: [
      ['/O=Grid/CN=voms.example.org', '/O=Grid/CN=CA'],
      ['/O=Grid/CN=new.example.org', '/O=Grid/CN=CA 2'],
    ],
    problems: [],
  });
});

test('a chain that cannot be used is said and leaves the others alone', () => {
  const { chains, problems } = parseLscFile(
    '/CN=only\n---- NEXT CHAIN ----\nCN=a\n/CN=b\n---- NEXT CHAIN ----\n/CN=c\n/CN=d',
  );
  assert.deepEqual(chains, [['/CN=c', '/CN=d']]);
  assert.deepEqual(problems, [
    'a chain of 1 names, where subject and issuer of each certificate belong',
    'the line "CN=a" is no distinguished name',
  ]);
  assert.deepEqual(parseLscFile('# nothing\n').problems, ['there is no distinguished name in it']);
});

const server = (subject: Certificate['subject']): Certificate[] => [
  { subject, issuer: parseOneline('/O=Grid/CN=CA') } as Certificate,
];

test('names are found as people write them: without the escapes of OpenSSL 3, and with its bytes as text', () => {
  const host = server(parseOneline('/O=Grid/CN=host\\/voms.example.org'));
  for (const line of ['/O=Grid/CN=host/voms.example.org', '/O=Grid/CN=host\\/voms.example.org'])
    assert.ok(matchesLscChain(host, [line, '/o=GRID/CN=ca']), line);
  assert.ok(!matchesLscChain(host, ['/O=Grid/CN=voms.example.org', '/O=Grid/CN=CA']));
  assert.ok(matchesLscChain(server(parseOneline('/CN=Zürich')), ['/CN=Zürich', '/O=Grid/CN=CA']));
  assert.ok(matchesLscChain(server(parseOneline('/CN=Zürich')), ['/CN=Z\\xC3\\xBCrich', '/O=Grid/CN=CA']));
});

test('a name that only reads as the one of the LSC file is not it', () => {
  const line = '/O=Grid\\/CN=voms.example.org';
  const asWritten = parseOneline(line);
  // O=Grid\, CN=voms.example.org: OpenSSL prints it as the same line.
  const lookAlike = parseOneline('/O=Grid\\x5C/CN=voms.example.org');
  assert.ok(matchesLscChain(server(asWritten), [line, '/O=Grid/CN=CA']));
  assert.ok(!matchesLscChain(server(lookAlike), [line, '/O=Grid/CN=CA']));
  for (const name of [asWritten, lookAlike])
    assert.ok(!matchesLscChain(server(name), ['/O=Grid/CN=voms.example.org', '/O=Grid/CN=CA']));
});
