import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from './support/workspace.ts';

const EVERYTHING_BELOW_THE_DAEMON = [
  'web',
  'remote',
  'jobs',
  'session',
  'ec2',
  'ssh',
  'credmon',
  'keeper',
  'oauth',
  'tokens',
  'myproxy',
  'voms',
  'repository',
  'ca',
  'x509',
  'asn1',
  'pyro',
  'kit',
];

/** Which rooms a room may import, as docs/architecture.md draws them. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kit: [],
  asn1: ['kit'],
  pyro: ['kit'],
  x509: ['asn1', 'kit'],
  ca: ['x509', 'asn1', 'kit'],
  repository: ['x509', 'asn1', 'kit'],
  voms: ['x509', 'asn1', 'kit'],
  myproxy: ['repository', 'ca', 'voms', 'x509', 'asn1', 'kit'],
  tokens: ['kit'],
  oauth: ['kit'],
  keeper: ['kit'],
  ssh: ['kit'],
  ec2: ['kit'],
  session: ['ec2', 'ssh', 'keeper', 'oauth', 'tokens', 'myproxy', 'voms', 'x509', 'kit'],
  jobs: ['session', 'ec2', 'ssh', 'keeper', 'kit'],
  remote: ['pyro', 'jobs', 'session', 'ssh', 'keeper', 'kit'],
  credmon: ['keeper', 'oauth', 'tokens', 'kit'],
  web: ['credmon', 'keeper', 'oauth', 'tokens', 'kit'],
  daemon: EVERYTHING_BELOW_THE_DAEMON,
  cli: ['daemon', ...EVERYTHING_BELOW_THE_DAEMON],
};

const LONGEST_FILE = 500;
const FORBIDDEN_NAMES = /(^|\/)(utils?|helpers?|common|types|impl)(\/|\.ts$)/;

const source = join(repositoryRoot, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

test('rooms import only the doors of the rooms below them', () => {
  const wrong: string[] = [];
  for (const file of files) {
    const room = file.split('/')[0] ?? '';
    const text = readFileSync(join(source, file), 'utf8');
    for (const [, specifier = ''] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
      const target = relative(source, resolve(source, dirname(file), specifier));
      const [targetRoom = '', ...rest] = target.split('/');
      if (targetRoom === room) continue;
      // What unit tests stand on may be shared with the other tests.
      if (file.endsWith('.test.ts') && target.startsWith('../test/support/')) continue;
      if (!MAY_IMPORT[room]?.includes(targetRoom)) wrong.push(`${file} imports the room ${targetRoom}`);
      else if (rest.join('/') !== 'index.ts') wrong.push(`${file} imports ${target}, behind the door`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('CommonJS packages are imported at the top of a file, and that file is what is loaded late', () => {
  // The program is bundled into pieces: there, import('package') of such a package has no names but "default".
  const esModules = new Set(['aws4fetch']);
  const late = files
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap((file) => [
      ...readFileSync(join(source, file), 'utf8').matchAll(/\bimport\(\s*'(?!\.|node:)([^']+)'/g),
    ]);
  assert.deepEqual(
    late.map(([, name = '']) => name).filter((name) => !esModules.has(name)),
    [],
  );
});

test('every room is drawn in the architecture', () => {
  const drawn = readFileSync(join(repositoryRoot, 'docs/architecture.md'), 'utf8');
  for (const room of new Set(files.map((file) => file.split('/')[0])))
    assert.ok(drawn.includes(`| \`${room}/\``), room);
});

test('files are named for one concept and can be read in one sitting', () => {
  for (const file of files) {
    assert.doesNotMatch(file, FORBIDDEN_NAMES);
    const lines = readFileSync(join(source, file), 'utf8').split('\n').length;
    assert.ok(lines <= LONGEST_FILE || file.endsWith('.test.ts'), `${file} has ${lines} lines`);
  }
});

test('a test that makes its grid with openssl is skipped where there is none: npm test needs only Node and npm', () => {
  const tests = join(repositoryRoot, 'test');
  for (const file of readdirSync(tests, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.test.ts')) continue;
    const text = readFileSync(join(tests, file), 'utf8');
    if (/\bmakeGrid\(/.test(text))
      assert.match(text, /havePeers\([^;]*'openssl'|'openssl', 'grid-proxy-init'\]/s, file);
  }
});
