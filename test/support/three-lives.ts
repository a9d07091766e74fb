// The whole of it: an X.509 proxy and a token, both short-lived, follow a job on a machine behind a real sshd, alone or through its
// Slurm. OpenSSL judges the proxy and its chain where the job runs, at every second.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Service } from '../../src/jobs/index.ts';
import type { Source } from '../../src/keeper/index.ts';
import { Secret } from '../../src/kit/index.ts';
import { MyProxyClient } from '../../src/myproxy/index.ts';
import { Context, Session } from '../../src/session/index.ts';
import { generateSigningKey, issueToken, makeSigningKey } from '../../src/tokens/index.ts';
import {
  formatCredential,
  generateKeyPair,
  issueProxy,
  keySigner,
  makeCredential,
  parseCredential,
} from '../../src/x509/index.ts';
import { type Grid, makeGrid } from './grid.ts';
import { startSlurm } from './slurm.ts';
import { type SocketServer, startSocketServer } from './socket-server.ts';
import { startSshd } from './sshd.ts';
import { workspace } from './workspace.ts';

const PASS_PHRASE = 'correct horse battery';

/** What a proxy comes from: the context of our own MyProxy server, or a test source that signs one here. */
export type ProxyFrom = 'myproxy' | 'here';

/** What runs the job: the machine itself, or its Slurm. */
export type RunBy = 'ssh' | 'slurm+ssh';

/** A job reads both for three of their lives and a bit; none is ever invalid, each is seen anew, none is left. */
export async function followsThreeLives(
  t: TestContext,
  lifeSeconds: number,
  proxyFrom: ProxyFrom,
  runBy: RunBy = 'ssh',
): Promise<void> {
  const directory = workspace(t);
  const grid = await makeGrid(directory);
  const server = await startSocketServer(t, grid);
  const cluster = runBy === 'ssh' ? undefined : await startSlurm(t);
  const ground = await startSshd(t, {
    config: cluster === undefined ? [] : [`SetEnv SLURM_CONF=${cluster.env.SLURM_CONF}`],
  });
  const session = new Session({
    ...{ defaults: false, home: directory, directory, leastSecondsLeft: 1 },
    env: { ...server.env, PATH: process.env.PATH },
    hostKeys: { policy: 'strict', knownHostsFiles: [ground.knownHosts] },
  });
  t.after(() => session.close());
  await session.addContext(new Context('SSH', { user_id: ground.user, user_key: ground.key }));
  const proxy =
    proxyFrom === 'here'
      ? proxiesOf(grid, lifeSeconds)
      : session.source(await myProxyContext(session, grid, server, lifeSeconds));
  const token = session.source(await session.addContext(await tokenContext(lifeSeconds)));

  const sandboxRoot = join(directory, 'jobs');
  const service = new Service(`${runBy}://${ground.user}@127.0.0.1:${ground.target.port}`, {
    ...{ session, sandboxRoot, poll: { leastMs: 200, mostMs: 500 } },
  });
  t.after(() => service.close());
  const job = await service.run({
    executable: 'sh',
    arguments: ['-c', reader(lifeSeconds * 3, grid.ca.certificate)],
    wallTimeLimit: Math.ceil(lifeSeconds / 12) + 1,
    credentials: [
      { source: proxy, as: 'x509-proxy' },
      { source: token, as: 'bearer-token' },
    ],
  });
  assert.equal(await job.wait({ timeoutMs: (lifeSeconds * 4 + 90) * 1000 }), true);
  const said = String(await job.stdout());
  assert.deepEqual([job.state, String(await job.stderr())], ['Done', ''], said);
  const [proxies = 0, tokens = 0, seconds = 0] = said.trim().split(' ').map(Number);
  assert.ok(proxies >= 3 && tokens >= 3, said);
  assert.ok(seconds >= lifeSeconds * 3, said);
  const [sandbox = ''] = readdirSync(sandboxRoot);
  assert.deepEqual(
    readdirSync(join(sandboxRoot, sandbox)).filter((name) => /credentials|gone/.test(name)),
    [],
  );
  assert.deepEqual(filesWithSecrets(join(sandboxRoot, sandbox)), []);
}

/** Files below a directory that have a key or a token in them. */
function filesWithSecrets(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /PRIVATE KEY|eyJ[A-Za-z0-9_-]+\.eyJ/.test(readFileSync(path, 'latin1')));
}

/**
 * Is the proxy valid, and the token? Looks at so many different seconds, however busy the machine is, and says how many of each it has
 * seen, and at how many seconds. Few processes: what has not changed is read by the shell alone.
 */
function reader(seconds: number, ca: string): string {
  return `
looked=0 was= token=
while [ $looked -lt ${seconds} ]; do
  now=$(date +%s)
  openssl verify -allow_proxy_certs -CAfile ${ca} -untrusted "$X509_USER_PROXY" "$X509_USER_PROXY" >/dev/null 2>&1 ||
    echo "at $now: no valid proxy"
  { read -r _; read -r first; read -r second; } < "$X509_USER_PROXY"
  echo "$first$second" >> proxies
  before=$token
  read -r token < "$BEARER_TOKEN_FILE"
  if [ "$token" != "$before" ]; then
    part=$(printf %s "$token" | cut -d. -f2 | tr '_-' '/+')
    while [ $((\${#part} % 4)) -ne 0 ]; do part="$part="; done
    exp=$(printf %s "$part" | openssl base64 -d -A | sed 's/.*"exp":\\([0-9]*\\).*/\\1/')
    echo "$exp" >> tokens
  fi
  [ "$exp" -ge "$now" ] || echo "at $now: the token ended at $exp"
  [ "$now" = "$was" ] || looked=$((looked + 1))
  was=$now
  sleep 0.3
done
echo "$(sort -u proxies | wc -l) $(sort -u tokens | wc -l) $looked"`;
}

/** Signs proxies of jane here: a MyProxy server gives none that live shorter than five minutes. */
function proxiesOf(grid: Grid, lifetimeSeconds: number): Source {
  return {
    ...{ authority: 'test', isLocal: true },
    obtain: async () => {
      const pem = [grid.user.certificate, grid.user.key].map((path) => readFileSync(path, 'utf8')).join('\n');
      const own = await parseCredential(pem);
      const [issuer] = own.chain;
      if (issuer === undefined) throw new Error('the grid has no user');
      const { publicKey, privateKey } = await generateKeyPair();
      const now = new Date();
      const signer = keySigner(own.privateKey);
      const proxy = await issueProxy({ issuer, signer, publicKey, lifetimeSeconds, now });
      return {
        ...{ kind: 'x509-proxy', issuedAt: now, expiresAt: proxy.notAfter },
        bytes: formatCredential(makeCredential([proxy, ...own.chain], privateKey)),
      };
    },
  };
}

async function myProxyContext(
  session: Session,
  grid: Grid,
  server: SocketServer,
  lifeSeconds: number,
): Promise<Context> {
  const identity = { certFile: grid.user.certificate, keyFile: grid.user.key };
  const client = new MyProxyClient({ env: server.env, identity });
  await client.put({ username: 'jane', passphrase: new Secret(PASS_PHRASE) });
  const account = { server: `localhost:${server.port}`, user_id: 'jane', user_pass: PASS_PHRASE };
  return await session.addContext(new Context('MyProxy', { ...account, life_time: `${lifeSeconds}s` }));
}

async function tokenContext(lifetimeSeconds: number): Promise<Context> {
  const key = makeSigningKey(await generateSigningKey('ES256'), 'k');
  const request = {
    ...{ profile: 'scitokens:2.0' as const, issuer: 'https://ap.example', subject: 'jane' },
    ...{ scope: 'read:/jane', audience: ['https://data.example'], lifetimeSeconds },
  };
  return new Context('Token', { token: () => issueToken(request, key, new Date()).token });
}
