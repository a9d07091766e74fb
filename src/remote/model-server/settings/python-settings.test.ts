import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PythonSurroundings, readPythonSettings } from './python-settings.ts';

const LINUX: PythonSurroundings = { env: { USER: 'jane', KEY: 'k' }, platform: 'linux' };

const valuesOf = (source: string, more: Partial<PythonSurroundings> = {}) =>
  Object.fromEntries(
    [...readPythonSettings(source, { ...LINUX, ...more }).values].map(([name, { value }]) => [name, value]),
  );

test('literals of every kind are values', () => {
  assert.deepEqual(
    valuesOf(String.raw`
a = 'x' # comment
b = "it's # no comment"
c = 0x10; d = 1_000
e = (9095, 9200)
f = list(range(6000, 6003))
g = [1, 2.5, -3, True, None,]
h = r'C:\new' "er"
i = 'C:\\Putty\q'
j = 'a' \
  + 'b'
k = (
   1, # one
   2)
l = 1, 2
m = os.getenv('USER')
n = os.getenv("NONE", 'x')
o = a + '!'
p = os.environ['KEY']
q = """two
lines"""
r = ('only')
`),
    {
      a: 'x',
      b: "it's # no comment",
      c: 16,
      d: 1000,
      e: [9095, 9200],
      f: [6000, 6001, 6002],
      g: [1, 2.5, -3, true, null],
      h: 'C:\\newer',
      i: 'C:\\Putty\\q',
      j: 'ab',
      k: [1, 2],
      l: [1, 2],
      m: 'jane',
      n: 'x',
      o: 'x!',
      p: 'k',
      q: 'two\nlines',
      r: 'only',
    },
  );
});

test('paths that are put together are known without running anything', () => {
  const values = valuesOf(`
here = os.path.abspath(os.path.join(os.getcwd(), 'jobs'))
up = os.path.abspath(os.path.join(os.getcwd(), "../../.."))
root = os.path.join('a', '/srv', 'jobs/', 'x')
`);
  assert.deepEqual(values, { here: 'jobs', up: '../../..', root: '/srv/jobs/x' });
});

test('nothing is run: what would have to be run has no value', () => {
  const values = valuesOf(`
a = open('/etc/passwd').read()
b = __import__('os').system('id')
c = [x for x in range(3)]
d = lambda: 1
e = os.path.abspath(open('.'))
k = os.path.join('a', 1)
l = os.path.realpath('.')
f = eval("1")
g = unknown
h = list(range(10**9))
i = list(range(0, 1000000000))
j = a
`);
  assert.deepEqual([...new Set(Object.values(values))], [undefined]);
});

test('the branch of this platform is taken, and no other', () => {
  const source = `
if(sys.platform.lower().startswith('win')):#Windows ssh client
    sshClient = 'C:\\\\Program Files\\\\Putty\\\\putty.exe'
    options = '-i L:\\\\.ssh\\\\mech\\id_rsa.ppk'
else:#Unix ssh client
    sshClient = 'ssh'
    if True:
        sshHost = ''
after = 1
`;
  assert.deepEqual(valuesOf(source), { sshClient: 'ssh', sshHost: '', after: 1 });
  assert.equal(valuesOf(source, { platform: 'win32' }).sshClient, 'C:\\Program Files\\Putty\\putty.exe');
});

test('a mode that is given decides; a condition that cannot be known takes no branch, and is told', () => {
  const source = `
if mode == 1: server = 'ssh'
elif mode == 2: server = 'vpn'
else: server = 'local'
if socket.gethostname() == 'a':
  other = 1
else:
  other = 2
`;
  const read = readPythonSettings(source, { ...LINUX, given: { mode: 2 } });
  assert.equal(read.values.get('server')?.value, 'vpn');
  assert.equal(read.values.has('other'), false);
  assert.deepEqual(
    read.findings.map(({ code, index }) => [code, index]),
    [['settings-condition', 5]],
  );
});

test('functions, loops and classes are passed over and told', () => {
  const read = readPythonSettings(
    'def f():\n  a = 1\nfor x in y:\n  b = 2\nc = 3\ntry:\n  d = 4\nexcept: e = 5\n',
    LINUX,
  );
  assert.deepEqual([...read.values.keys()], ['c', 'd']);
  assert.deepEqual(
    read.findings.map(({ code, index }) => [code, index]),
    [
      ['settings-skipped', 1],
      ['settings-skipped', 3],
    ],
  );
});

test('rubbish of any kind ends, and is told', () => {
  for (const source of [
    'a = "open',
    "'''",
    '(((((',
    '§',
    'a = ((((1',
    '\\',
    'if',
    'if :',
    '='.repeat(1000),
    '('.repeat(100_000),
  ])
    readPythonSettings(source, LINUX);
  assert.equal(readPythonSettings('a = $', LINUX).findings[0]?.code, 'settings-not-understood');
  assert.equal(readPythonSettings(' '.repeat(300_000), LINUX).findings[0]?.code, 'settings-too-large');
});

test('a value that is put together out of itself has none when it has grown too long', () => {
  const doubled = `text = 'aaaaaaaaaaaaaaaa'\n${'text = text + text\n'.repeat(40)}list = [1, 2]\n${'list = list + list\n'.repeat(40)}`;
  const { values } = readPythonSettings(doubled, { env: {}, platform: 'linux' });
  assert.equal(values.get('text')?.value, undefined);
  assert.equal(values.get('list')?.value, undefined);
});
