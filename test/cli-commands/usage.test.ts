import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { workspace } from '../support/workspace.ts';
import { latchkey } from './installation.ts';

test('help: the overview, a group, a command, the exit codes', (t) => {
  const directory = workspace(t);
  const overview = latchkey(directory, ['--help']);
  assert.equal(overview.code, 0);
  assert.equal(overview.stderr, '');
  for (const argv of [[], ['help'], ['-h']]) assert.equal(latchkey(directory, argv).stdout, overview.stdout);
  assert.match(latchkey(directory, ['proxy']).stdout, /usage: latchkey proxy COMMAND/);
  assert.match(latchkey(directory, ['logon', '--help']).stdout, /usage: latchkey logon \[options\]/);
  assert.match(
    latchkey(directory, ['help', 'user', 'add']).stdout,
    /usage: latchkey user add NAME \[options\]/,
  );
  assert.match(latchkey(directory, ['help', 'exit-codes']).stdout, /^ {3}0 {2}done$/m);
  for (const line of overview.stdout.split('\n')) assert.ok(line.length <= 120, line);
  assert.match(latchkey(directory, ['--version']).stdout, /^latchkey \d+\.\d+\.\d+\n$/);
});

test('a word that is not known gets the nearest one, and exit code 2', (t) => {
  const directory = workspace(t);
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['logno'], /^latchkey: unknown command "logno"\n {2}hint: did you mean logon\?\n$/],
    [['proxy', 'inof'], /^latchkey: unknown command "inof"\n {2}hint: did you mean info\?\n$/],
    [
      ['logon', '--usrname', 'x'],
      /^latchkey: unknown option "--usrname"\n {2}hint: did you mean --username\?\n$/,
    ],
    [['user', '-q'], /^latchkey: a command is expected after "user"\n {2}hint: latchkey user --help tells/],
    [
      ['config', 'explain'],
      /^latchkey: missing argument "COMMAND"\n {2}hint: latchkey config explain --help tells/,
    ],
    [['user', 'add'], /^latchkey: missing argument "NAME"\n {2}hint: /],
    [['logon', '-t', '12'], /^latchkey: --lifetime takes a lifetime, not "12"\n {2}hint: write 12h/],
    [['logon', '-p', '99999'], /^latchkey: --port takes a port from 0 to 65535/],
    [['help', 'nonsense'], /^latchkey: there is no command "nonsense"/],
    [['completion', 'bash', 'more'], /^latchkey: too many arguments/],
  ];
  for (const [argv, expected] of cases) {
    const run = latchkey(directory, argv);
    assert.match(run.stderr, expected, argv.join(' '));
    assert.equal(run.stdout, '');
    assert.equal(run.code, 2, argv.join(' '));
  }
  const json = JSON.parse(latchkey(directory, ['logno', '--json']).stderr);
  assert.equal(json.error.code, 'cli/usage');
  assert.equal(json.error.hint, 'did you mean logon?');
});

test('without state, server or certificate each command says what is missing', (t) => {
  const directory = workspace(t);
  const cases: readonly (readonly [string[], number, RegExp])[] = [
    [['logon', '-l', 'x'], 6, /no MyProxy server is named\n {2}hint: use -s HOST/],
    [['user', 'add', 'x'], 6, /there is no \.latchkey state in this directory/],
    [['proxy', 'info'], 5, /there is no proxy at/],
    [['proxy', 'init'], 5, /you have no certificate of your own here\n {2}hint: looked for/],
    [['logon', '--state', 'nowhere'], 6, /is no state directory of Latchkey/],
    [['config', 'check', 'missing.toml'], 6, /missing\.toml/],
    [['logon', '-s', 'localhost:1', '-l', 'x', '--trust', '.', '--pass-phrase-stdin'], 4, /localhost:1/],
  ];
  for (const [argv, code, expected] of cases) {
    const run = latchkey(directory, argv, { input: 'some phrase\n' });
    assert.match(run.stderr, expected, argv.join(' '));
    assert.equal(run.code, code, `${argv.join(' ')}: ${run.stderr}`);
  }
});

test('config check, show and explain, for both kinds of file', (t) => {
  const directory = workspace(t);
  mkdirSync(join(directory, 'store'), { mode: 0o700 });
  mkdirSync(join(directory, 'trust'));
  writeFileSync(
    join(directory, 'latchkey.toml'),
    `[server]
storage = "store"
trust_directory = "trust"
[policy]
accepted_credentials = ["/O=Grid/*"]
authorized_retrievers = ["/O=Grid/CN=portal"]
`,
  );
  const run = (...argv: string[]) => latchkey(directory, argv);
  const shown = JSON.parse(run('config', 'show', 'latchkey.toml', '--origin', '--json').stdout);
  assert.deepEqual(shown.settings['policy.authorized_retrievers'], {
    value: ['/O=Grid/CN=portal'],
    origin: 'latchkey.toml:6',
  });
  assert.equal(shown.settings['server.port'].origin, 'default');

  const refused = run('config', 'explain', 'put', 'latchkey.toml', '--dn', '/O=Other/CN=x', '--user', 'x');
  assert.equal(refused.code, 3);
  assert.match(refused.stdout, /✘ accepted_credentials: .*matches no entry/);
  assert.match(
    refused.stdout,
    /not authorized to store credentials on this server \(accepted_credentials policy\)/,
  );
  const allowed = run(
    'config',
    'explain',
    'put',
    'latchkey.toml',
    '--dn',
    '/O=Grid/CN=x',
    '--user',
    'x',
    '--json',
  );
  assert.equal(allowed.code, 0);
  assert.equal(JSON.parse(allowed.stdout).allowed, true);

  writeFileSync(join(directory, 'bad.toml'), '[policy]\naccepted_credentals = ["*"]\n');
  const bad = run('config', 'check', 'bad.toml');
  assert.equal(bad.code, 6);
  assert.match(bad.stdout, /did you mean accepted_credentials/);

  writeFileSync(
    join(directory, 'legacy.config'),
    'accepted_credentials "*"\ntrusted_retrievers "*"\nauthorised_retrievers "*"\n',
  );
  const legacy = run('config', 'check', 'legacy.config');
  assert.equal(legacy.code, 6);
  assert.match(legacy.stdout, /unsafe policy/);
  assert.match(legacy.stdout, /perhaps authorized_retrievers is meant/);
});
