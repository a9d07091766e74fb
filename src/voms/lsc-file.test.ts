import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLscFile } from './lsc-file.ts';

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
