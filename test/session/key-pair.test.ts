// EC2 and EC2_KEYPAIR contexts against a stand-in of the EC2 endpoint that verifies signatures and keeps state.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createEc2Client } from '../../src/ec2/index.ts';
import { LatchkeyError, runProgram } from '../../src/kit/index.ts';
import { Context, Session } from '../../src/session/index.ts';
import { type Ec2Endpoint, startEc2Endpoint } from '../support/ec2-endpoint.ts';
import { havePeers } from '../support/peers.ts';
import { SkippingClock } from '../support/skipping-clock.ts';
import { workspace } from '../support/workspace.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG';

interface Stage {
  readonly endpoint: Ec2Endpoint;
  readonly directory: string;
  session(): Session;
  ec2(): Context<'EC2'>;
  pair(attributes?: { token?: string; user_key?: string | undefined }): Context<'EC2_KEYPAIR'>;
}

async function stage(t: TestContext): Promise<Stage | undefined> {
  if (!havePeers(t, 'ssh-keygen')) return undefined;
  const clock = new SkippingClock();
  const endpoint = await startEc2Endpoint(t, { clock, secretAccessKey: SECRET });
  const directory = workspace(t);
  await keygen(join(directory, 'ec2_key'));
  return {
    ...{ endpoint, directory },
    session: () => {
      const session = new Session({ ...{ defaults: false, env: {}, home: directory, clock } });
      t.after(() => session.close());
      return session;
    },
    ec2: () => new Context('EC2', { user_id: 'AKIDEXAMPLE', user_key: SECRET, server: endpoint.url }),
    pair: (attributes = {}) =>
      new Context('EC2_KEYPAIR', {
        token: 'KeyName',
        user_key: '$HOME/ec2_key',
        user_id: 'root',
        ...attributes,
      }),
  };
}

async function keygen(path: string): Promise<void> {
  const run = await runProgram('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-N',
    '',
    '-C',
    'jane@laptop',
    '-f',
    path,
  ]);
  assert.equal(run.code, 0);
}

async function failure(act: Promise<unknown>): Promise<LatchkeyError> {
  const error = await act.then(
    () => assert.fail('it was accepted'),
    (reason) => reason,
  );
  assert.ok(error instanceof LatchkeyError, String(error));
  return error;
}

const imports = ({ endpoint }: Stage) => endpoint.requests.filter(({ action }) => action === 'ImportKeyPair');

for (const order of ['EC2 first', 'EC2_KEYPAIR first', 'appended, nobody waits']) {
  test(`the public key is registered when its name is not known: ${order}`, async (t) => {
    const scene = await stage(t);
    if (scene === undefined) return;
    const session = scene.session();
    if (order === 'EC2 first') {
      await session.addContext(scene.ec2());
      await session.addContext(scene.pair());
    } else if (order === 'EC2_KEYPAIR first') {
      await session.addContext(scene.pair());
      assert.equal(imports(scene).length, 0);
      await session.addContext(scene.ec2());
    } else {
      void session.contexts.append(scene.ec2());
      void session.contexts.append(scene.pair());
      void session.contexts.append(new Context('SSH', { user_id: 'root', user_key: '$HOME/ec2_key' }));
    }
    await session.ready();
    const [request, ...more] = imports(scene);
    assert.equal(more.length, 0);
    assert.equal(request?.parameters.get('KeyName'), 'KeyName');
    const sent = Buffer.from(request?.parameters.get('PublicKeyMaterial') ?? '', 'base64').toString();
    const [type, base64] = readFileSync(join(scene.directory, 'ec2_key.pub'), 'utf8').split(' ');
    assert.equal(sent, `${type} ${base64}`, 'the public half, without the comment');
    const privateKey = readFileSync(join(scene.directory, 'ec2_key'), 'utf8').split('\n')[3] ?? 'none';
    for (const { body } of scene.endpoint.requests) assert.ok(!decodeURIComponent(body).includes(privateKey));
    // The SSH context comes from the key pair: the third one of the brief is not needed, and does no harm.
    const { used, user } = await session.explain('ssh://203.0.113.5');
    assert.deepEqual([used.length, user], [1, 'root']);
    assert.deepEqual(await session.keyPair(), { name: 'KeyName', publicKey: sent, user: 'root' });
  });
}

test('a name that is registered: the same key is fine, another one is an error', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const first = scene.session();
  await first.addContext(scene.ec2());
  await first.addContext(scene.pair());
  const again = scene.session();
  await again.addContext(scene.ec2());
  await again.addContext(scene.pair());
  assert.equal(imports(scene).length, 1);
  await keygen(join(scene.directory, 'other_key'));
  const other = scene.session();
  await other.addContext(scene.ec2());
  const error = await failure(other.addContext(scene.pair({ user_key: '$HOME/other_key' })));
  assert.equal(error.code, 'ec2/config');
  assert.match(error.message, /EC2_KEYPAIR 1 cannot be used: another key is registered as "KeyName"/);
  assert.equal(other.contexts.length, 1);
  const late = scene.session();
  await late.addContext(scene.pair({ user_key: '$HOME/other_key' }));
  await failure(late.addContext(scene.ec2()));
});

test('a pair without a key here must be registered already; without an account it is told by ready', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const session = scene.session();
  await session.addContext(scene.ec2());
  const keyless = new Context('EC2_KEYPAIR', { token: 'NoSuchName' });
  assert.equal((await failure(session.addContext(keyless))).code, 'ec2/refused');
  const alone = scene.session();
  await alone.addContext(scene.pair());
  assert.match((await failure(alone.ready())).message, /EC2_KEYPAIR 1 needs an EC2 context/);
  assert.equal((await failure(alone.ec2Access())).code, 'session/no-credential');
  const nameless = await failure(alone.addContext(new Context('EC2_KEYPAIR', { user_key: '$HOME/ec2_key' })));
  assert.equal(nameless.code, 'session/context-invalid');
});

test('the account of the session works, and a wrong secret is refused by the endpoint', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const session = scene.session();
  await session.addContext(scene.ec2());
  const client = createEc2Client(await session.ec2Access(), { clock: new SkippingClock() });
  assert.deepEqual(await client.describeKeyPairs(), []);
  const wrong = scene.session();
  const context = scene.ec2();
  context.user_key = 'not the secret';
  await wrong.addContext(context);
  const error = await failure(wrong.addContext(scene.pair()));
  assert.equal(error.code, 'ec2/refused');
  assert.equal(wrong.contexts.length, 1);
});

test('a key pair that AWS has made is known by the digest of its private half', async (t) => {
  if (!havePeers(t, 'ssh-keygen', 'openssl')) return;
  const directory = workspace(t);
  const path = join(directory, 'rsa');
  await runProgram('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', '', '-f', path]);
  // The command of AWS's documentation.
  const der = await runProgram('openssl', ['pkcs8', '-in', path, '-outform', 'DER', '-topk8', '-nocrypt']);
  const digest = createHash('sha1')
    .update(der.stdout)
    .digest('hex')
    .replace(/..(?=.)/g, '$&:');
  const answering = (fingerprint: string) => async () => {
    const pair = `<keyPairId>key-1</keyPairId><keyName>KeyName</keyName><keyFingerprint>${fingerprint}</keyFingerprint>`;
    const set = `<requestId>r</requestId><keySet><item>${pair}</item></keySet>`;
    return new Response(`<DescribeKeyPairsResponse>${set}</DescribeKeyPairsResponse>`);
  };
  const add = async (fingerprint: string) => {
    const session = new Session({
      defaults: false,
      env: {},
      home: directory,
      ec2: { fetch: answering(fingerprint) },
    });
    t.after(() => session.close());
    await session.addContext(new Context('EC2', { user_id: 'AKIDEXAMPLE', user_key: SECRET }));
    await session.addContext(new Context('EC2_KEYPAIR', { token: 'KeyName', user_key: path }));
  };
  await add(digest);
  const error = await failure(add(digest.replace(/^../, (first) => (first === '00' ? '01' : '00'))));
  assert.equal(error.code, 'ec2/config');
  assert.match(error.message, /another key is registered as "KeyName"/);
});
