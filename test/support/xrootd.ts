import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inNamespace, runBounded } from './scitokens.ts';
import type { TestAuthority } from './token-issuer.ts';

/** An xrootd server that lets nobody in without a token. */
export interface Xrootd {
  /** `https://localhost:<port>`; the audience it accepts too. */
  readonly origin: string;
  /** Status of a request below `/data`. */
  request(method: 'GET' | 'PUT', path: string, token?: string): Promise<number>;
  /** What it has logged so far. */
  log(): string;
}

/**
 * Starts xrootd with its scitokens plugin over https, as user xrootd, with the test authority in place of the machine's
 * (root only). Files: `/data/user/alice/f`, `/data/user/alicex/f`, `/data/user/bob/f`; scopes are relative to `/data`.
 *
 * @param directory private; its parents are searchable by everybody
 */
export async function startXrootd(
  t: Pick<TestContext, 'after'>,
  directory: string,
  authority: TestAuthority,
  issuer: string,
): Promise<Xrootd> {
  const at = (...names: string[]): string => join(directory, ...names);
  const [uid, gid] = await idsOf('xrootd');
  const [port, httpPort] = [await freePort(), await freePort()];
  const origin = `https://localhost:${httpPort}`;
  chmodSync(directory, 0o755);
  for (const user of ['alice', 'alicex', 'bob']) {
    mkdirSync(at('root', 'data', 'user', user), { recursive: true });
    writeFileSync(at('root', 'data', 'user', user, 'f'), `of ${user}\n`);
  }
  for (const name of ['admin', 'run', 'cache', 'home']) mkdirSync(at(name));
  writeFileSync(at('host.pem'), authority.certificate);
  writeFileSync(at('host.key'), authority.key, { mode: 0o400 });
  mkdirSync(at('certs'));
  writeFileSync(at('certs', 'ca.pem'), authority.ca);
  writeFileSync(
    at('scitokens.cfg'),
    `[Global]\naudience = ${origin}\n[Issuer test]\nissuer = ${issuer}\nbase_path = /data\n`,
  );
  writeFileSync(at('xrootd.cfg'), configuration(directory, port, httpPort));
  const { code, stderr } = await runBounded(
    [
      'chown',
      '-R',
      `${uid}:${gid}`,
      ...['admin', 'run', 'cache', 'home', 'root', 'host.key'].map((name) => at(name)),
    ],
    process.env,
  );
  if (code !== 0) throw new Error(stderr);
  chownSync(at('host.pem'), uid, gid);

  const environment = ['env', `HOME=${at('home')}`, `XDG_CACHE_HOME=${at('cache')}`];
  const identity = ['setpriv', '--reuid', 'xrootd', '--regid', 'xrootd', '--clear-groups'];
  const server = ['xrootd', '-c', at('xrootd.cfg'), '-n', 't1', '-l', at('run', 'xrootd.log')];
  const [program = '', ...argv] = inNamespace(authority.bundle, [...identity, ...environment, ...server]);
  const child = spawn(program, argv, { cwd: directory, stdio: 'ignore' });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await Promise.race([ended, delay(10_000, undefined, { ref: false })]);
    child.kill('SIGKILL');
    await ended;
  });
  const request: Xrootd['request'] = (method, path, token) =>
    new Promise((resolve, reject) => {
      // XrdHttp 5.5.3 compares the name in `http.header2cgi` with its capital letter; `fetch` would write it small.
      const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      const options = { method, headers, ca: authority.ca, agent: false, timeout: 20_000 };
      const outgoing = httpsRequest(`${origin}/data${path}`, options, (incoming) => {
        incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0));
      });
      outgoing.on('error', reject).end(method === 'PUT' ? 'something' : undefined);
    });
  const log = (): string => readIfThere(at('run', 't1', 'xrootd.log'));
  for (let tries = 0; ; tries += 1) {
    if (child.exitCode !== null || tries > 300) throw new Error(`xrootd did not start: ${log()}`);
    const isUp = await request('GET', '/').then(
      () => true,
      () => false,
    );
    if (isUp) return { origin, request, log };
    await delay(100);
  }
}

function configuration(directory: string, port: number, httpPort: number): string {
  return `all.adminpath ${directory}/admin
all.pidpath ${directory}/run
oss.localroot ${directory}/root
all.export /data
xrd.port ${port}
xrd.tls ${directory}/host.pem ${directory}/host.key
xrd.tlsca certfile ${directory}/certs/ca.pem
xrd.protocol XrdHttp:${httpPort} libXrdHttp.so
http.header2cgi Authorization authz
http.selfhttps2http no
ofs.authorize 1
ofs.authlib libXrdAccSciTokens.so config=${directory}/scitokens.cfg
scitokens.trace all
`;
}

async function idsOf(user: string): Promise<readonly [number, number]> {
  const { stdout } = await runBounded(['getent', 'passwd', user], process.env);
  const [, , uid, gid] = stdout.split(':').map(Number);
  if (uid === undefined || gid === undefined) throw new Error(`there is no user ${user}`);
  return [uid, gid];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
