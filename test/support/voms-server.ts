import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import type { Grid } from './grid.ts';
import { endTree } from './processes.ts';
import { endsWith, repositoryRoot } from './workspace.ts';

/** What REST needs besides: a compiler, and gSOAP's header, whose absence is told by its package. */
export function restPrograms(): string[] {
  return ['g++', ...(existsSync('/usr/include/stdsoap2.h') ? [] : ['libgsoap-dev'])];
}

/** The programs of {@link startVomsServer}; it also needs root. */
export const VOMS_SERVER_PROGRAMS = ['voms', 'mariadbd', 'mariadb-install-db', 'mariadb', 'mariadb-admin'];

/**
 * Starts the real voms-server (of Debian, whose REST half answers nothing) over a MariaDB of its own. Jane is in
 * /testvo/analysis with the role production, the robot is suspended.
 *
 * @param rest with what Debian's build lacks to answer by REST; needs {@link restPrograms}
 * @returns the port it listens on
 */
export async function startVomsServer(
  t: Pick<TestContext, 'after'>,
  grid: Grid,
  { rest = false } = {},
): Promise<number> {
  const at = (...names: string[]): string => join(grid.directory, 'voms-server', ...names);
  mkdirSync(at('my'), { recursive: true });
  chmodSync(grid.directory, 0o755);
  chmodSync(at(), 0o755);
  run('chown', ['mysql:', at('my')]);
  writeFileSync(at('my', 'my.cnf'), databaseConfiguration(at('my')));
  const defaults = `--defaults-file=${at('my', 'my.cnf')}`;
  run('mariadb-install-db', [
    ...[defaults, '--user=mysql', `--datadir=${at('my', 'data')}`],
    ...['--auth-root-authentication-method=normal', '--skip-test-db'],
  ]);
  const database = spawn('mariadbd', [defaults], { stdio: 'ignore' });
  endsWith(t, grid.directory, () => ended(database));
  const client = ['--no-defaults', '-S', at('my', 's.sock'), '-uroot'];
  await until('mariadbd', () => spawnSync('mariadb-admin', [...client, 'ping']).status === 0);
  run(
    'mariadb',
    client,
    `CREATE DATABASE voms_testvo; USE voms_testvo; ${SCHEMA}
    CREATE USER voms@localhost IDENTIFIED BY 'vpw'; GRANT ALL ON voms_testvo.* TO voms@localhost;`,
  );
  writeFileSync(at('passfile'), 'vpw\n');
  chmodSync(at('passfile'), 0o640);
  const port = await freePort();
  writeFileSync(at('voms.conf'), serverConfiguration(grid, at, port));
  const server = spawn('/usr/sbin/voms', ['-conf', at('voms.conf'), '-foreground'], {
    stdio: 'ignore',
    env: {
      ...{ PATH: process.env.PATH, LC_ALL: 'C', HOME: at(), X509_CERT_DIR: grid.trustDirectory },
      ...(rest ? { LD_PRELOAD: compileShim(at('shim.so')) } : {}),
    },
  });
  endsWith(t, grid.directory, () => endServer(at('voms.conf')));
  await until('voms', () => isListening(port));
  // It forks, whatever it is told: this is only the first of its processes.
  if (server.exitCode !== null && server.exitCode !== 0) throw new Error('voms did not start');
  return port;
}

/** Compiles voms-rest-shim.cc. */
function compileShim(path: string): string {
  const source = join(repositoryRoot, 'test/support/voms-rest-shim.cc');
  run('g++', [
    '-shared',
    '-fPIC',
    '-O1',
    '-DWITH_NONAMESPACES',
    '-DWITH_OPENSSL',
    '-o',
    path,
    source,
    '-ldl',
  ]);
  return path;
}

function databaseConfiguration(directory: string): string {
  return `[mysqld]
datadir=${directory}/data
socket=${directory}/s.sock
pid-file=${directory}/my.pid
skip-networking
log-error=${directory}/err.log
innodb_log_file_size=8M
innodb_buffer_pool_size=32M
innodb_flush_log_at_trx_commit=0
skip-log-bin
performance_schema=OFF
skip-name-resolve
user=mysql
`;
}

function serverConfiguration(grid: Grid, at: (...names: string[]) => string, port: number): string {
  return `--vo=testvo
--dbname=voms_testvo
--username=voms
--passfile=${at('passfile')}
--port=${port}
--sqlloc=/usr/lib/voms/libvomsmysql.so
--mysql-socket=${at('my', 's.sock')}
--logfile=${at('voms.log')}
--loglevel=5
--logtype=7
--socktimeout=60
--x509_cert_dir=${grid.trustDirectory}
--x509_user_cert=${grid.host.certificate}
--x509_user_key=${grid.host.key}
--uri=localhost:${port}
--newformat
`;
}

/** Version 3 of the schema, as far as the server reads it. */
const SCHEMA = `
CREATE TABLE version (version INT NOT NULL PRIMARY KEY);
CREATE TABLE seqnumber (seq VARCHAR(255) NOT NULL);
CREATE TABLE ca (cid SMALLINT AUTO_INCREMENT PRIMARY KEY, subject_string VARCHAR(255) NOT NULL UNIQUE);
CREATE TABLE usr (userid BIGINT AUTO_INCREMENT PRIMARY KEY);
CREATE TABLE certificate (id BIGINT AUTO_INCREMENT PRIMARY KEY, usr_id BIGINT NOT NULL, ca_id SMALLINT NOT NULL,
  subject_string VARCHAR(255) NOT NULL, suspended BOOL NOT NULL DEFAULT 0, suspended_reason VARCHAR(255));
CREATE TABLE \`groups\` (gid BIGINT AUTO_INCREMENT PRIMARY KEY, dn VARCHAR(255) NOT NULL UNIQUE);
CREATE TABLE roles (rid BIGINT AUTO_INCREMENT PRIMARY KEY, role VARCHAR(255) NOT NULL UNIQUE);
CREATE TABLE m (userid BIGINT NOT NULL, gid BIGINT NOT NULL, rid BIGINT);
CREATE TABLE attributes (a_id BIGINT AUTO_INCREMENT PRIMARY KEY, a_name VARCHAR(255) NOT NULL UNIQUE);
CREATE TABLE usr_attrs (a_id BIGINT, u_id BIGINT, a_value VARCHAR(255));
CREATE TABLE group_attrs (a_id BIGINT, g_id BIGINT, a_value VARCHAR(255));
CREATE TABLE role_attrs (a_id BIGINT, g_id BIGINT, r_id BIGINT, a_value VARCHAR(255));
INSERT INTO version VALUES (3); INSERT INTO seqnumber VALUES ('00');
INSERT INTO ca VALUES (1,'/O=Grid/OU=Test/CN=Test CA');
INSERT INTO usr VALUES (1),(2);
INSERT INTO certificate(usr_id,ca_id,subject_string,suspended,suspended_reason) VALUES
  (1,1,'/O=Grid/OU=Test/CN=Jane User',0,NULL),(2,1,'/O=Grid/OU=Test/CN=Robot Renewer',1,'membership expired');
INSERT INTO \`groups\` VALUES (1,'/testvo'),(2,'/testvo/analysis');
INSERT INTO roles VALUES (1,'VO-Admin'),(2,'production');
INSERT INTO m VALUES (1,1,NULL),(1,2,NULL),(1,2,2),(2,1,NULL);
`;

function run(program: string, args: readonly string[], input?: string): void {
  const result = spawnSync(program, args, { input, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${program}: ${result.stderr}`);
}

async function until(what: string, isThere: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await isThere()) return;
    await delay(100);
  }
  throw new Error(`${what} does not answer`);
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const over = once(child, 'exit');
  child.kill('SIGTERM');
  await over;
}

/** It writes no pid file: the one that has our private configuration on its command line is it. */
async function endServer(configuration: string): Promise<void> {
  const { readdirSync } = await import('node:fs');
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || !existsSync(`/proc/${name}/cmdline`)) continue;
    const words = commandLine(name);
    if (words[0]?.endsWith('voms') && words.includes(configuration))
      await endTree(Number(name), configuration);
  }
}

function commandLine(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
