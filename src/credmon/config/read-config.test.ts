import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LatchkeyError } from '../../kit/index.ts';
import { type CondorConfig, condorConfig } from './condor-config.ts';
import type { ConfigFacts } from './config-source.ts';
import { readConfig } from './read-config.ts';

/** The configuration that some files make; a name that ends in `/` is an empty directory. */
function configOf(
  files: Readonly<Record<string, string>>,
  more: { readonly facts?: Partial<ConfigFacts>; readonly localName?: string } = {},
): CondorConfig {
  const facts: ConfigFacts = {
    env: { CONDOR_CONFIG: '/etc/condor/condor_config' },
    fullHostName: 'ap.example',
    detected: { ARCH: 'X86_64', IP_ADDRESS: '192.0.2.1' },
    userName: 'root',
    isRoot: true,
    home: '/root',
    condorHome: '/var/lib/condor',
    workingDirectory: '/',
    ...more.facts,
  };
  const scope = { subsystem: 'CREDMON_OAUTH', localName: more.localName };
  const read = (path: string): string | undefined => (path.endsWith('/') ? undefined : files[path]);
  const list = (directory: string): readonly string[] | undefined => {
    const names = Object.keys(files)
      .filter((path) => path.startsWith(`${directory}/`))
      .map((path) => path.slice(directory.length + 1));
    return names.length === 0 ? undefined : names.filter((name) => name !== '' && !name.includes('/'));
  };
  const { table, files: order, findings } = readConfig({ read, list }, facts, scope);
  return condorConfig({ table, scope, reader: 'latchkey', files: order, findings, env: facts.env });
}

/** The value of X in a root file. */
function x(text: string, more: Parameters<typeof configOf>[1] = {}): string | undefined {
  return configOf({ '/etc/condor/condor_config': text }, more).text('X');
}

/** One row of what the language can do: a root file, and what X is then. */
const ROWS: Readonly<Record<string, readonly [string, string | undefined]>> = {
  'assignment, blanks trimmed': ['  X  =   a b  \n', 'a b'],
  'names in any letter case': ['x = 1', '1'],
  'the later value wins': ['X = 1\nX = 2', '2'],
  'an empty value counts as none': ['X = 1\nX =', undefined],
  'comments and empty lines': ['# X = 1\n\n   # more\nX = 2', '2'],
  'no comment after a value': ['X = a # b', 'a # b'],
  'a line beginning with [ says nothing': ['[section]\nX = 1', '1'],
  continuation: ['X = a \\\n   b \\\n c', 'a b c'],
  'comments inside a continuation are dropped': ['A = a\nB = b\nX = $(A) \\\n# $(C) \\\n$(B)', 'a b'],
  'a continuation at the end of the file': ['X = a \\', 'a'],
  'several lines': ['X @=end\n a = 1\n # kept\n@end\n', 'a = 1\n # kept'],
  'append puts a blank between': ['X = a\nX += b', 'a b'],
  'append to nothing': ['X += b', 'b'],
  'append with a separator': ['X = a\nX +,= b', 'a,b'],
  'append with a doubled separator': ['X = a\nX +&&= b', 'a && b'],
  'expansion happens at lookup': ['X = $(Y)\nY = late', 'late'],
  'what is not defined is nothing': ['X = a$(NOPE)b', 'ab'],
  'a default in an expansion': ['X = $(NOPE:def)', 'def'],
  'a default with an expansion inside': ['Y = y\nX = $(NOPE:$(Y)/z)', 'y/z'],
  'a default that is not needed': ['Y = y\nX = $(Y:no)', 'y'],
  'a name rests on its older value': ['X = a\nX = $(X) b\nX = $(x) c', 'a b c'],
  'the older value when the name is new': ['X = $(X:first) b', 'first b'],
  'names are expanded too': ['P = X\n$(P) = 1', '1'],
  '$$ is for jobs': ['X = $$(Cpus) $(Y)\nY = y', '$$(Cpus) y'],
  'a dollar': ['X = $(DOLLAR)(Y)', '$(Y)'],
  'the environment': ['X = $ENV(HOME) $ENV(NOPE) $ENV(NOPE:d)', '/root UNDEFINED d'],
  $INT: ['A = (60 * 20)\nX = $INT(A)', '1200'],
  $REAL: ['X = $REAL(2.50)', '2.5'],
  $STRING: ['A = "quoted"\nX = $STRING(A)', 'quoted'],
  $EVAL: ['A = 2\nX = $EVAL($(A) * 3)', '6'],
  $SUBSTR: ['A = abcdef\nX = $SUBSTR(A,1,3) $SUBSTR(A,-2) $SUBSTR(A,0,-1)', 'bcd ef abcde'],
  '$CHOICE of items': ['X = $CHOICE(1,a,b,c)', 'b'],
  '$CHOICE of a list': ['L = a b, c\nX = $CHOICE(2,L)', 'c'],
  '$RANDOM_CHOICE gives the first, always': ['X = $RANDOM_CHOICE(a,b)', 'a'],
  '$RANDOM_INTEGER gives the least, always': ['X = $RANDOM_INTEGER(3,9)', '3'],
  '$F parts': [
    'A = /a/b/c.txt\nX = $Fp(A) $Fd(A) $Fn(A) $Fx(A) $Fnx(A) $Fpq(A)',
    '/a/b/ b/ c .txt c.txt "/a/b/"',
  ],
  '$DIRNAME and $BASENAME': ['A = /a/b/c.txt\nX = $DIRNAME(A) $BASENAME(A)', '/a/b c.txt'],
  'if true': ['if true\n X = 1\nelse\n X = 2\nendif', '1'],
  'if a number': ['if 0\n X = 1\nelse\n X = 2\nendif', '2'],
  'if a macro': ['A = yes\nif $(A)\n X = 1\nendif', '1'],
  'if nothing': ['if $(NOPE)\n X = 1\nelse\n X = 2\nendif', '2'],
  'if not': ['if ! false\n X = 1\nendif', '1'],
  elif: ['if no\n X = 1\nelif t\n X = 2\nelif yes\n X = 3\nelse\n X = 4\nendif', '2'],
  'if inside if': [
    'if true\n if false\n X = 1\n else\n X = 2\n endif\nelse\n X = 3\n if true\n X = 4\n endif\nendif',
    '2',
  ],
  'if defined': ['A = 1\nif defined A\n X = 1\nendif', '1'],
  'if not defined': ['if ! defined A\n X = 1\nendif', '1'],
  'if a template is used': ['use FEATURE : OAUTH\nif defined use feature:oauth\n X = 1\nendif', '1'],
  'if version': ['if version >= 8.1.6\n X = new\nelse\n X = old\nendif', 'new'],
  'if version, as many numbers as are given': ['if version == 25\n X = 1\nendif', '1'],
  'if version, the other way': ['if version < 25.14\n X = 1\nelif version > 25.13.99\n X = 2\nendif', '2'],
  'a leading colon in a body is nothing': ['if true\n:X = 1\nendif', '1'],
  'a template': [
    'use feature:OAUTH\nX = $(SEC_CREDENTIAL_DIRECTORY_OAUTH)',
    '/var/lib/condor/oauth_credentials',
  ],
  'several templates, one with arguments': [
    'use feature : GPUs, Foo(a, b), OAUTH\nX = $(TRUST_CREDENTIAL_DIRECTORY)',
    'True',
  ],
  'what kind of machine it is': ['X = $(ARCH) $(IP_ADDRESS)', 'X86_64 192.0.2.1'],
  'what the machine is': [
    'X = $(FULL_HOSTNAME) $(HOSTNAME) $(TILDE) $(SUBSYSTEM)',
    'ap.example ap /var/lib/condor CREDMON_OAUTH',
  ],
  'built-in numbers': ['X = $INT(MINUTE) $EVAL($(HOUR))', '60 3600'],
  'the value for the daemon wins': ['X = all\nCREDMON_OAUTH.X = mine\nSCHEDD.X = other', 'mine'],
  'inside expansions too': ['A = all\nCREDMON_OAUTH.A = mine\nX = $(A)', 'mine'],
  'DOS line ends': ['X = a\r\nY = b\r\n', 'a'],
};

for (const [name, [text, expected]] of Object.entries(ROWS)) {
  test(name, () => {
    const config = configOf(
      { '/etc/condor/condor_config': text },
      { facts: { env: { CONDOR_CONFIG: '/etc/condor/condor_config', HOME: '/root' } } },
    );
    assert.equal(config.text('X'), expected);
    assert.deepEqual(
      config.findings.filter(({ severity }) => severity === 'error'),
      [],
    );
  });
}

test('lookup order: SUBSYS.LOCAL.X, LOCAL.X, SUBSYS.X, X', () => {
  const lines = ['X = 4', 'CREDMON_OAUTH.X = 3', 'TWO.X = 2', 'CREDMON_OAUTH.TWO.X = 1'];
  for (const [index, expected] of ['4', '3', '2', '1'].entries())
    assert.equal(x(lines.slice(0, index + 1).join('\n'), { localName: 'TWO' }), expected);
});

const WRONG: Readonly<Record<string, string>> = {
  'NAME : value': 'X : 1',
  'a line without operator': 'hello world',
  'an if that is not closed': 'if true\nX = 1',
  'endif without if': 'endif',
  'else without if': 'else',
  'a compound condition': 'if defined A && defined B\nendif',
  'a value of several lines without end': 'X @=end\n a',
  'an error message': 'error : stop here',
  'a name that is none': '$(NOPE) = 1',
};

for (const [name, text] of Object.entries(WRONG)) {
  test(`found: ${name}`, () => {
    const { findings } = configOf({ '/etc/condor/condor_config': `A = 1\n${text}\n` });
    const [first] = findings.filter(({ severity }) => severity === 'error');
    assert.match(first?.origin ?? '', /^\/etc\/condor\/condor_config/, JSON.stringify(findings));
  });
}

test('order: root file, directory by bytes without leftovers, local files, environment', () => {
  const config = configOf(
    {
      '/etc/condor/condor_config':
        'LOCAL_CONFIG_DIR = /etc/condor/config.d\nLOCAL_CONFIG_FILE = /l1, /l2\nX = root\nA = root\nB = root\nC = root\nD = root',
      '/etc/condor/config.d/10-a': 'A = a\nB = a',
      '/etc/condor/config.d/9-b': 'B = b',
      '/etc/condor/config.d/99.rpmsave': 'A = wrong',
      '/etc/condor/config.d/x~': 'A = wrong',
      '/etc/condor/config.d/.hidden': 'A = wrong',
      '/etc/condor/config.d/run.sh': 'A = wrong',
      '/l1': 'C = l1\nD = l1',
      '/l2': 'D = l2\nLOCAL_CONFIG_FILE = $(LOCAL_CONFIG_FILE) /l3',
      '/l3': 'E = l3',
    },
    { facts: { env: { CONDOR_CONFIG: '/etc/condor/condor_config', _CONDOR_X: 'env', _condor_Y: '$(X) y' } } },
  );
  assert.deepEqual(
    ['X', 'A', 'B', 'C', 'D', 'E', 'Y'].map((name) => config.text(name)),
    ['env', 'a', 'b', 'l1', 'l2', 'l3', 'env y'],
  );
  assert.deepEqual(config.files, [
    '/etc/condor/condor_config',
    '/etc/condor/config.d/10-a',
    '/etc/condor/config.d/9-b',
    '/l1',
    '/l2',
    '/l3',
  ]);
  assert.deepEqual(config.value('C')?.origin, { file: '/l1', line: 1 });
  assert.equal(config.value('X')?.origin.file, '<environment>');
});

test('a directory that local files changed is read again', () => {
  const config = configOf({
    '/etc/condor/condor_config': 'LOCAL_CONFIG_DIR = /a\nLOCAL_CONFIG_FILE = /l',
    '/a/1': 'X = a',
    '/l': 'LOCAL_CONFIG_DIR = /b\nX = l',
    '/b/1': 'X = b',
  });
  assert.equal(config.text('X'), 'b');
});

test('a pattern of the site’s own decides which files of a directory are left out', () => {
  const files = { '/etc/d/a.off': 'X = off', '/etc/d/b.sh': 'X = sh' };
  const text = 'LOCAL_CONFIG_DIR = /etc/d\nLOCAL_CONFIG_DIR_EXCLUDE_REGEXP = ^.*\\.off$\n';
  assert.equal(configOf({ '/etc/condor/condor_config': text, ...files }).text('X'), 'sh');
  const broken = configOf({ '/etc/condor/condor_config': text.replace('^.*', '(*'), ...files });
  assert.equal(broken.text('X'), 'off');
  assert.equal(broken.findings[0]?.code, 'config/pattern');
});

test('the user’s own file counts for users, not for root', () => {
  const files = { '/etc/condor/condor_config': 'X = root', '/home/u/.condor/user_config': 'X = user' };
  assert.equal(configOf(files, { facts: { isRoot: false, home: '/home/u' } }).text('X'), 'user');
  assert.equal(configOf(files, { facts: { home: '/home/u' } }).text('X'), 'root');
  const named = { '/etc/condor/condor_config': 'USER_CONFIG_FILE = /mine', '/mine': 'X = mine' };
  assert.equal(configOf(named, { facts: { isRoot: false, home: '/home/u' } }).text('X'), 'mine');
});

test('the root file: CONDOR_CONFIG, the usual places, only the environment', () => {
  assert.equal(
    configOf(
      { '/usr/local/etc/condor_config': 'X = 2', '/var/lib/condor/condor_config': 'X = 3' },
      { facts: { env: {} } },
    ).text('X'),
    '2',
  );
  assert.equal(configOf({ '/var/lib/condor/condor_config': 'X = 3' }, { facts: { env: {} } }).text('X'), '3');
  assert.equal(
    configOf({}, { facts: { env: { CONDOR_CONFIG: 'ONLY_ENV', _CONDOR_X: '1' } } }).text('X'),
    '1',
  );
  assert.throws(() => configOf({}, { facts: { env: { CONDOR_CONFIG: '/nope' } } }), {
    code: 'config/missing',
  });
  assert.throws(() => configOf({}, { facts: { env: {} } }), { code: 'config/missing' });
  assert.throws(() => configOf({}, { facts: { env: { CONDOR_CONFIG: '/bin/make |' } } }), {
    code: 'config/invalid',
  });
});

test('include: beside the file, if it is there, from the cache of a command', () => {
  const config = configOf({
    '/etc/condor/condor_config': [
      'A = a',
      'include : inc/$(A)',
      '@include ifexist : /nope',
      'include command into /cache : perl make.pl',
      'include ifexist command into /none : /bin/secret-maker --password x',
      'include : /bin/other |',
    ].join('\n'),
    '/etc/condor/inc/a': 'X = included\ninclude : b',
    '/etc/condor/inc/b': 'Y = deeper',
    '/cache': 'Z = cached',
  });
  assert.deepEqual(
    ['X', 'Y', 'Z'].map((name) => config.text(name)),
    ['included', 'deeper', 'cached'],
  );
  const notRun = config.findings.filter(({ code }) => code === 'config/command-not-run');
  assert.deepEqual(
    notRun.map(({ origin }) => origin),
    ['/etc/condor/condor_config, line 5', '/etc/condor/condor_config, line 6'],
  );
  assert.doesNotMatch(JSON.stringify(notRun), /password/);
});

test('a missing file stops, as it stops HTCondor, unless it may be missing', () => {
  assert.throws(() => x('include : /nope'), { code: 'config/missing' });
  assert.throws(() => x('LOCAL_CONFIG_FILE = /nope'), { code: 'config/missing' });
  assert.equal(x('LOCAL_CONFIG_FILE = /nope\nREQUIRE_LOCAL_CONFIG_FILE = false\nX = 1'), '1');
});

test('what HTCondor would take from elsewhere is told', () => {
  const { findings } = configOf({ '/etc/condor/condor_config': 'ENABLE_PERSISTENT_CONFIG = True' });
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['config/persistent'],
  );
});

test('a piped LOCAL_CONFIG_FILE is not run', () => {
  const { findings } = configOf({ '/etc/condor/condor_config': 'LOCAL_CONFIG_FILE = /bin/make it |' });
  assert.equal(findings[0]?.code, 'config/command-not-run');
});

test('files that include themselves, values that rest on themselves and values that explode are stopped', () => {
  assert.throws(() => x('include : /etc/condor/condor_config'), {
    code: 'config/malformed',
    message: /more than 20 deep/,
  });
  assert.throws(() => x('X = $(Y)\nY = $(X)'), { code: 'config/malformed' });
  const doubling = Array.from({ length: 40 }, (_, index) => `A${index + 1} = $(A${index})$(A${index})`).join(
    '\n',
  );
  assert.throws(() => x(`A0 = boom\n${doubling}\nX = $(A40)`), { code: 'config/malformed' });
  assert.throws(() => x(`A0 =\n${doubling}\nX = $(A40)`), { message: /more than 10,000 replacements/ });
  assert.throws(() => x(`X = ab\n${'X = $(X)$(X)\n'.repeat(40)}`), { code: 'config/malformed' });
});

test('what the machine is called is found out, or NETWORK_HOSTNAME', () => {
  assert.equal(x('FULL_HOSTNAME = other\nX = $(FULL_HOSTNAME)'), 'ap.example');
  assert.equal(
    x('NETWORK_HOSTNAME = front.example\nX = $(FULL_HOSTNAME) $(HOSTNAME)'),
    'front.example front',
  );
});

test('numbers and booleans', () => {
  const config = configOf({
    '/etc/condor/condor_config': 'A = (60 * $(MINUTE))\nB = TRUE\nC = maybe\nD = a, b  c',
  });
  assert.equal(config.integer('A'), 3600);
  assert.equal(config.boolean('B'), true);
  assert.equal(config.boolean('NOPE'), undefined);
  assert.throws(() => config.integer('C'), {
    code: 'config/invalid',
    message: /C: expected a whole number, but it is "maybe" \(.*line 3\)/,
  });
  assert.throws(() => config.boolean('C'), { code: 'config/invalid' });
  assert.deepEqual(config.list('D'), ['a', 'b', 'c']);
});

test('no file makes the reader hang or fail in another way than it says', () => {
  const line = fc.constantFrom(
    'X = $(Y)',
    'Y = $(X:1)',
    'if true',
    'if',
    'elif 0',
    'else',
    'endif',
    'X @=t',
    '@t',
    'use FEATURE:OAUTH',
    'X += 1',
    'include : /etc/condor/condor_config',
    '\\',
    '$(A) = $(A)',
    'X = $INT(',
    'X = $F(a)',
    'X = $$(',
    'error : x',
    'X = $CHOICE(9,a)',
    'X = a \\',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string())), (lines) => {
      try {
        x(lines.join('\n'));
      } catch (error) {
        assert.ok(error instanceof LatchkeyError && error.code.startsWith('config/'), String(error));
      }
    }),
    { seed: 4 },
  );
});
