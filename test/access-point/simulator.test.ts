// The simulator itself, with the least monitor there can be: what credd, schedd, shadow and starter do was recorded
// from HTCondor 25.14.0 or is in its source; these tests hold the simulator to that.
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { workspace } from '../support/workspace.ts';
import { type AccessPoint, type AccessPointOptions, openAccessPoint } from './access-point.ts';
import { COMMUNICATION_FAILURE } from './credd.ts';
import { type ReferenceMonitor, startReferenceMonitor } from './reference-monitor.ts';
import { formatRequestFile } from './request-file.ts';
import { RESULT, toolResult } from './results.ts';
import { credentialRequests } from './submit.ts';
import { curlPluginToken, jsonPluginToken } from './token-readers.ts';
import { eventually } from './waiting.ts';

const HURRIED = {
  storePollMs: 5,
  checkPollMs: 5,
  sandboxRefreshMs: 5,
  clientPatienceMs: 200,
  storeTries: 20,
};

const TWO_HANDLES = `
executable = /bin/sleep
use_oauth_services = mytokens
mytokens_oauth_permissions_read = read:/public, write:/user/alice
mytokens_oauth_resource_read = https://data.example.org
mytokens_oauth_permissions =
queue
`;

function play(
  t: TestContext,
  options: AccessPointOptions = {},
): { point: AccessPoint; monitor: ReferenceMonitor; base: string } {
  const base = workspace(t);
  const secret = join(base, 'secret');
  writeFileSync(secret, 's3 "quoted"\nsecond line', { mode: 0o600 });
  let monitor: ReferenceMonitor | undefined;
  const point = openAccessPoint(base, () => monitor?.scan(), {
    webClients: {
      mytokens: {
        clientId: 'ap1',
        clientSecretFile: secret,
        returnUrlSuffix: '/return/mytokens',
        authorizationUrl: 'https://op.example.org/authorize',
        tokenUrl: 'https://op.example.org/token',
      },
    },
    ...options,
    paces: { ...HURRIED, ...options.paces },
  });
  monitor = startReferenceMonitor(point.pool);
  return { point, monitor, base };
}

test('a first submit prints the URL, leaves the request file and has made the local token unasked', async (t) => {
  const { point } = play(t);
  const first = await point.submit('alice', TWO_HANDLES);
  assert.equal(first.exitCode, 1);
  assert.match(
    first.stdout,
    /^Submitting job\(s\)\n\nHellow, alice\.\nPlease visit: https:\/\/ap\.example\.org\/key\/[0-9a-f]{64}\n\n\n$/,
  );
  const file = join(point.pool.directory, first.url?.split('/').at(-1) ?? '');
  assert.equal(statSync(file).mode & 0o777, 0o640);
  const [plain = '', read = '', ...more] = readFileSync(file, 'utf8').split('\n\n');
  assert.equal(more.length, 0);
  assert.match(plain, /^Handle = ""$/m);
  assert.match(plain, /^ClientSecret = "s3 \\"quoted\\""$/m);
  assert.match(read, /^Handle = "read"$/m);
  assert.match(read, /^Scopes = "read:\/public, write:\/user\/alice"$/m);
  assert.equal(read.trim().split('\n').length, 10);
  const alice = point.credd.userDirectory('alice');
  assert.equal(statSync(alice).mode & 0o7777, 0o2700);
  assert.equal(readFileSync(join(alice, 'scitokens.top'), 'utf8'), 'alice@foo');
  assert.equal(statSync(join(alice, 'scitokens.top')).mode & 0o777, 0o600);
  assert.equal(point.credd.hangUps, 1);
});

test('the second submit is accepted, its job gets copies, and new ones while it runs', async (t) => {
  const { point, monitor } = play(t);
  monitor.logIn((await point.submit('alice', TWO_HANDLES)).url ?? '');
  const second = await point.submit('alice', TWO_HANDLES);
  assert.equal(second.exitCode, 0, second.stderr);
  assert.equal(point.credd.hangUps, 1, 'no SIGHUP for a later submit');
  assert.ok(second.job);
  const job = point.run(second.job);
  t.after(() => job.end());
  assert.deepEqual(second.job.oauthServicesNeeded, ['mytokens*read', 'mytokens']);
  assert.deepEqual(readdirSync(job.credentialDirectory).sort(), ['mytokens.use', 'mytokens_read.use']);
  assert.equal(statSync(job.credentialDirectory).mode & 0o777, 0o755);
  const copy = join(job.credentialDirectory, 'mytokens_read.use');
  assert.equal(statSync(copy).mode & 0o777, 0o600);
  const before = readFileSync(copy, 'utf8');
  monitor.renewAll();
  await eventually(() => readFileSync(copy, 'utf8') !== before, 'the new token in the sandbox');
});

test('other scopes than the stored ones, or the same without their blank, are refused with the recorded text', async (t) => {
  const { point, monitor } = play(t);
  monitor.logIn((await point.submit('alice', TWO_HANDLES)).url ?? '');
  for (const [from, to] of [
    ['read:/public, write:/user/alice', 'read:/public,write:/user/alice'],
    ['https://data.example.org', 'https://other.example.org'],
  ] as const) {
    const refused = await point.submit('alice', TWO_HANDLES.replace(from, to));
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /credentials exist that do not match the request/);
    assert.match(refused.stderr, /condor_store_cred delete-oauth -s mytokens_read/);
    assert.match(refused.stderr, /BAILING OUT\.\n$/);
  }
});

test('a monitor that makes no local token stops the submissions of everybody until credd is restarted', async (t) => {
  const base = workspace(t);
  const point = openAccessPoint(base, () => {}, { paces: HURRIED });
  const first = point.submit('alice', 'queue');
  await eventually(() => point.credd.isStuck, 'credd waiting');
  const other = await point.submit('bob', 'queue');
  assert.match(other.stderr, new RegExp(COMMUNICATION_FAILURE));
  assert.match((await first).stderr, new RegExp(COMMUNICATION_FAILURE));
  assert.equal(point.credd.isStuck, true);
  assert.equal(existsSync(point.credd.userDirectory('bob')), false, 'nobody has looked at bob');
  point.credd.restart();
  await eventually(() => !point.credd.isStuck, 'credd serving again');
});

test('store, query and delete answer as recorded', async (t) => {
  const { point, monitor } = play(t);
  const { credd } = point;
  const id = { user: 'alice', service: 'mytokens', handle: 'h2' };
  const asked = { scopes: 'read:/a,write:/b', audience: 'https://aud' };
  const pending = credd.store({ ...id, ...asked, content: '{"refresh_token": "r"}' });
  await eventually(() => existsSync(credd.path('alice', 'mytokens_h2.top')), 'the .top file');
  writeFileSync(credd.path('alice', 'mytokens_h2.use'), '{"access_token":"t"}', { mode: 0o400 });
  const added = toolResult(await pending, 'add');
  assert.deepEqual(added, {
    exitCode: 0,
    stdout: 'Operation succeeded and is waiting for processing.\n',
    stderr: '',
  });
  assert.equal(
    readFileSync(credd.path('alice', 'mytokens_h2.top'), 'utf8'),
    '{\n  "scopes": "read:/a,write:/b",\n  "audience": "https://aud",\n  "refresh_token": "r"\n}\n',
  );
  const query = (more: object): ReturnType<typeof toolResult> => {
    const { code, times } = credd.query({ ...id, ...more });
    return toolResult(code, 'query', times);
  };
  assert.match(
    query(asked).stdout,
    /^A credential was stored and is valid\.\nmytokens_h2\.top = \d+\nmytokens_h2\.use = \d+\n$/,
  );
  assert.equal(query({}).exitCode, 2);
  assert.equal(query({ service: 'nope' }).exitCode, 1);
  monitor.scan();
  await point.submit('alice', 'queue');
  assert.deepEqual(query({ service: 'scitokens', handle: '' }), {
    exitCode: 1,
    stdout: 'Failure parsing credential as JSON\n',
    stderr: '',
  });
  writeFileSync(credd.path('alice', 'mytokens_h2.meta'), '{}');
  assert.equal(credd.remove(id), RESULT.ok);
  assert.deepEqual(readdirSync(credd.userDirectory('alice')).sort(), [
    'mytokens_h2.meta',
    'scitokens.top',
    'scitokens.use',
  ]);
  assert.equal(credd.remove({ user: 'alice' }), RESULT.ok);
  assert.equal(existsSync(credd.userDirectory('alice')), false);
});

test('credd refuses foreign owners, bad names, JSON that is none, and times out by itself', async (t) => {
  const { point } = play(t, { superUsers: ['root'], paces: { storeTries: 2 } });
  const { credd } = point;
  const base = { user: 'alice', service: 'mytokens', content: 'no json' };
  assert.equal(await credd.store({ ...base, requester: 'mallory' }), RESULT.notAllowed);
  assert.equal(await credd.store({ ...base, service: '../x' }), RESULT.badArguments);
  assert.equal(await credd.store({ ...base, user: 'a/b@domain' }), RESULT.badArguments);
  assert.equal(await credd.store({ ...base, scopes: 'read:/' }), RESULT.jsonParse);
  assert.equal(await credd.store({ ...base, service: 'ownsvc', requester: 'root' }), RESULT.monitorTimeout);
  assert.equal(readFileSync(credd.path('alice', 'ownsvc.top'), 'utf8'), 'no json');
});

test('a mark keeps its first time, a submit removes it, the sweep removes directory and mark alone', async (t) => {
  const { point } = play(t);
  const { directory } = point.pool;
  const { job } = await point.submit('alice', 'queue');
  assert.ok(job);
  point.schedd.leave(job, 0);
  point.schedd.scanOwners(299_999);
  const mark = join(directory, 'alice.mark');
  assert.equal(existsSync(mark), false, 'not absent for long enough');
  point.schedd.scanOwners(300_000);
  assert.equal(statSync(mark).mode & 0o777, 0o600);
  utimesSync(mark, 1000, 1000);
  point.schedd.scanOwners();
  assert.equal(statSync(mark).mtimeMs, 1_000_000);
  assert.deepEqual(point.credd.sweep(1_000_000 + 3_599_000), []);
  mkdirSync(join(directory, 'dir.mark'));
  utimesSync(join(directory, 'dir.mark'), 1000, 1000);
  assert.deepEqual(point.credd.sweep(1_000_000 + 3_600_000), ['alice']);
  assert.deepEqual(readdirSync(directory).sort(), ['CREDMON_COMPLETE', 'dir.mark', 'pid']);
  await point.submit('alice', 'queue');
  writeFileSync(mark, '');
  await point.submit('alice', 'queue');
  assert.equal(existsSync(mark), false, 'a submit removes it');
  writeFileSync(mark, '');
  point.schedd.scanOwners();
  assert.equal(existsSync(mark), false, 'a scan that sees jobs removes it');
});

test('a job is held when a token is missing, and by an untrusting pool when it is not private', async (t) => {
  const { point, monitor } = play(t, { trustCredentialDirectory: false });
  monitor.logIn((await point.submit('alice', TWO_HANDLES)).url ?? '');
  const { job } = await point.submit('alice', TWO_HANDLES);
  assert.ok(job);
  const use = point.credd.path('alice', 'mytokens.use');
  chmodSync(use, 0o440);
  const held = point.run(job);
  assert.deepEqual(
    { ...held.hold, because: '' },
    { code: 4, subCode: 0, reason: 'Job credentials are not available', because: '' },
  );
  held.end();
  assert.throws(() => point.credd.token('alice', 'mytokens'), /open to group or others/);
  if (point.pool.identities.isRoot) {
    chmodSync(use, 0o400);
    const foreign = point.run(job);
    assert.match(foreign.hold?.because ?? '', /is owned by/, 'the page writes as condor');
    foreign.end();
  }
  const trusting = openAccessPoint(join(point.pool.directory, '..'), () => {});
  const running = trusting.run(job);
  assert.equal(running.hold, undefined);
  running.end();
});

test('credd believes a pid for a while, and only a short file that begins with a number', async (t) => {
  const seen: number[] = [];
  const point = openAccessPoint(workspace(t), (pid) => void seen.push(pid), {
    paces: { pidCacheMs: 60_000 },
  });
  const pid = join(point.pool.directory, 'pid');
  point.credd.wakeMonitor();
  writeFileSync(pid, 'x'.repeat(300));
  point.credd.wakeMonitor();
  writeFileSync(pid, '4711 and more');
  point.credd.wakeMonitor();
  writeFileSync(pid, '4712\n');
  point.credd.wakeMonitor();
  assert.deepEqual(seen, [4711, 4711]);
});

test('submit descriptions: handles, plain beside handles, case, strangers', () => {
  assert.deepEqual(credentialRequests('use_oauth_services = a, b'), [{ service: 'a' }, { service: 'b' }]);
  assert.deepEqual(credentialRequests('UseOAuthServices = Box\nbox_OAuth_Permissions_Work ='), [
    { service: 'Box', handle: 'Work', scopes: '' },
  ]);
  assert.deepEqual(
    credentialRequests(TWO_HANDLES).map(({ handle }) => handle),
    ['read', ''],
  );
  assert.throws(() => credentialRequests('x_oauth_permissions = read:/'), TypeError);
});

test('plugins read one line of JSON, a bare token or, the strict ones, JSON alone', () => {
  assert.equal(curlPluginToken('{"access_token":"t"}\n'), 't');
  assert.equal(curlPluginToken('# why\n\nbare\n'), 'bare');
  assert.equal(curlPluginToken('{\n  "access_token": "t"\n}'), undefined);
  assert.equal(jsonPluginToken('{\n  "access_token": "t"\n}'), 't');
  assert.equal(jsonPluginToken('bare'), undefined);
  assert.equal(jsonPluginToken('{"access_token":""}'), undefined);
});

test('a request file escapes the double quote and nothing else', () => {
  const ad = { Provider: 'p', LocalUser: 'u', Handle: '', Scopes: 'a"b\\', Audience: '', ClientId: 'c' };
  const text = formatRequestFile([
    { ...ad, ClientSecret: '', ReturnUrl: '', AuthorizationUrl: '', TokenUrl: '' },
  ]);
  assert.match(text, /^Scopes = "a\\"b\\"$/m);
});

test('a link beside the users is no mark and is not swept through', async (t) => {
  const { point, base } = play(t);
  mkdirSync(join(base, 'precious'));
  symlinkSync(join(base, 'precious'), join(point.pool.directory, 'evil.mark'));
  assert.deepEqual(point.credd.sweep(Date.now() + 10_000_000), []);
  assert.ok(existsSync(join(base, 'precious')));
});
