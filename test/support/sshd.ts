import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from './peers.ts';
import { endTree, processTree, signalAll } from './processes.ts';
import { endsWith, workspace } from './workspace.ts';

/** One sshd on loopback. */
export interface SshServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly pid: number;
  /** Private part of its host key; `.pub` beside it. */
  readonly hostKey: string;
  /** What it has logged so far, at LogLevel VERBOSE. */
  log(): string;
  /** SIGSTOP to it and its connections, until {@link SshServer.thaw}. */
  freeze(): void;
  thaw(): void;
  /** Ends its connections (SIGKILL) but not the listener. */
  dropConnections(): void;
  /** Those that have logged in only. */
  dropLogins(): void;
  /** Ends all of it; also done after the test. */
  stop(): Promise<void>;
  /** The same again, on the same port, after {@link SshServer.stop}. */
  start(): Promise<void>;
  /** Its own view of a path, as we can open it: its mounts are not ours. */
  seenFromHere(path: string): string;
}

/** Two sshds, and what a client needs to reach them. Everything is in one directory that goes away after the test. */
export interface SshGround {
  /** 0755, for other users' jobs read in it. */
  readonly directory: string;
  /** The login name. */
  readonly user: string;
  readonly target: SshServer;
  /** Started when first asked for. */
  jump(): Promise<SshServer>;
  /** `known_hosts` with both host keys. */
  readonly knownHosts: string;
  /** A key that both let in. */
  readonly key: string;
  /** Another one, encrypted with {@link SshGround.passPhrase}. */
  readonly encryptedKey: string;
  readonly passPhrase: string;
  /** A key that nobody lets in. */
  readonly strangerKey: string;
  /** A CA whose user certificates both accept. */
  readonly ca: string;
  /** Makes a key with a certificate (`KEY-cert.pub`) for a principal; `validity` as of `ssh-keygen -V`. */
  certifiedKey(name: string, principal?: string, validity?: string): string;
  /** Path of a new key pair that nobody knows. */
  newKey(name: string, passPhrase?: string): string;
}

export interface SshGroundOptions {
  /** More lines for sshd's configuration, of the target and the jump host. They come first: the first value counts. */
  readonly config?: readonly string[];
  /** The login name; default who we are. See {@link throwAwayUser}. */
  readonly user?: string;
  /**
   * The target has a small disk of its own, a tmpfs of that size (`512k`) at `<directory>/disk`, which nobody else sees but by way of
   * {@link SshServer.seenFromHere}. Needs root, and `unshare`.
   */
  readonly diskSize?: string;
}

/** Starts an sshd in a private directory. Check `havePeers(t, 'sshd', 'ssh', 'ssh-keygen')` first. */
export async function startSshd(
  t: Pick<TestContext, 'after'>,
  options: SshGroundOptions = {},
): Promise<SshGround> {
  const directory = workspace(t);
  chmodSync(directory, 0o755);
  const user = options.user ?? userInfo().username;
  const path = (name: string) => join(directory, name);
  const newKey = (name: string, passPhrase = '') => {
    keygen(['-t', 'ed25519', '-N', passPhrase, '-C', name, '-f', path(name)]);
    return path(name);
  };
  const passPhrase = randomBytes(9).toString('base64url');
  const [ca, key, encryptedKey, strangerKey] = [
    newKey('ca'),
    newKey('user'),
    newKey('encrypted', passPhrase),
    newKey('stranger'),
  ];
  mkdirSync(path('authorized'));
  writeFileSync(
    join(path('authorized'), user),
    [key, encryptedKey].map((file) => readFileSync(`${file}.pub`, 'utf8')).join(''),
  );
  const knownHosts = path('known_hosts');
  const start = async (name: string): Promise<SshServer> => {
    const hostKey = newKey(`host-${name}`);
    const port = await freePort();
    const [type, bytes] = readFileSync(`${hostKey}.pub`, 'utf8').split(' ');
    writeFileSync(knownHosts, `[127.0.0.1]:${port} ${type} ${bytes}\n`, { flag: 'a' });
    const config = path(`${name}.conf`);
    writeFileSync(config, serverConfig(directory, name, port, options.config ?? []));
    const disk = name === 'target' && options.diskSize !== undefined ? path('disk') : undefined;
    if (disk !== undefined) mkdirSync(disk);
    const mount = disk === undefined ? [] : ['sh', '-c', MOUNT, 'sh', options.diskSize as string, disk];
    const server = new RunningSshd(directory, name, port, hostKey, config, mount);
    await server.start();
    endsWith(t, directory, () => server.stop());
    return server;
  };
  const target = await start('target');
  let jump: Promise<SshServer> | undefined;
  return {
    directory,
    user,
    target,
    jump: () => {
      jump ??= start('jump');
      return jump;
    },
    knownHosts,
    key,
    encryptedKey,
    passPhrase,
    strangerKey,
    ca,
    certifiedKey: (name, principal = user, validity = '-5m:+1h') => {
      const made = newKey(name);
      keygen(['-s', ca, '-I', name, '-n', principal, '-V', validity, `${made}.pub`]);
      return made;
    },
    newKey,
  };
}

/** A user of this machine with a password and `/bin/sh`, removed after the test. Only root can make one. */
export function throwAwayUser(t: Pick<TestContext, 'after'>): {
  readonly name: string;
  readonly password: string;
} {
  const name = `lk${randomBytes(4).toString('hex')}`;
  const password = randomBytes(12).toString('base64url');
  const home = `/tmp/${name}`;
  // An account whose shadow field begins with `!`, useradd's default, is locked for keys too when PAM is off.
  execFileSync(findProgram('useradd') ?? 'useradd', ['-m', '-d', home, '-s', '/bin/sh', '-p', '*', name], {
    stdio: 'ignore',
  });
  t.after(() => {
    execFileSync(findProgram('userdel') ?? 'userdel', ['-rf', name], { stdio: 'ignore' });
  });
  execFileSync(findProgram('chpasswd') ?? 'chpasswd', [], { input: `${name}:${password}\n` });
  return { name, password };
}

/** A port of loopback that nobody listens on just now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}

/** Mounts a disk of size `$1` at `$2`, and becomes what comes after it. */
const MOUNT = 'mount -t tmpfs -o "size=$1" tmpfs "$2" && shift 2 && exec "$@"';

class RunningSshd implements SshServer {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly hostKey: string;
  readonly #directory: string;
  readonly #logFile: string;
  readonly #config: string;
  readonly #mount: readonly string[];
  #child: ChildProcess | undefined;

  constructor(
    directory: string,
    name: string,
    port: number,
    hostKey: string,
    config: string,
    mount: readonly string[],
  ) {
    this.#mount = mount;
    this.port = port;
    this.hostKey = hostKey;
    this.#directory = directory;
    this.#logFile = join(directory, `${name}.log`);
    this.#config = config;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    // The folder for privilege separation; sshd refuses to start without it.
    if (!existsSync('/run/sshd') && process.getuid?.() === 0) mkdirSync('/run/sshd', { mode: 0o755 });
    const log = openSync(this.#logFile, 'a');
    const sshd = [findProgram('sshd') ?? '/usr/sbin/sshd', '-D', '-e', '-f', this.#config];
    const apart = ['unshare', '--mount', '--propagation', 'private', ...this.#mount];
    const [program = '', ...args] = this.#mount.length === 0 ? sshd : [...apart, ...sshd];
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', log],
      detached: true,
    });
    this.#child = child;
    for (let waited = 0; waited < 10_000; waited += 5) {
      if (child.exitCode !== null) throw new Error(`sshd ended with ${child.exitCode}: ${this.log()}`);
      if (await answers(this.port)) return;
      await delay(5);
    }
    throw new Error(`sshd did not listen within 10 s: ${this.log()}`);
  }

  log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  seenFromHere(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  freeze(): void {
    signalAll(processTree(this.pid), 'SIGSTOP');
  }

  thaw(): void {
    signalAll(processTree(this.pid), 'SIGCONT');
  }

  dropConnections(): void {
    signalAll(processTree(this.pid).slice(1), 'SIGKILL');
  }

  dropLogins(): void {
    const title = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    const isBefore = (pid: number) => /\[(?:accepted|net)\]/.test(title(pid));
    const connections = processTree(this.pid).slice(1);
    signalAll(
      connections.filter((pid) => !isBefore(pid)),
      'SIGKILL',
    );
  }

  async stop(): Promise<void> {
    if (this.#child !== undefined) await endTree(this.pid, this.#directory);
    this.#child = undefined;
  }
}

function serverConfig(directory: string, name: string, port: number, more: readonly string[]): string {
  const given = new Set(more.map((line) => line.split(' ')[0]));
  const defaults = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(directory, `host-${name}`)}`,
    'PidFile none',
    `AuthorizedKeysFile ${join(directory, 'authorized')}/%u`,
    `TrustedUserCAKeys ${join(directory, 'ca.pub')}`,
    'AuthorizedPrincipalsFile none',
    // The directory is below /tmp, which everybody may write to.
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    // The default costs 0.12 s a login.
    'KexAlgorithms curve25519-sha256',
    'PasswordAuthentication yes',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    'PermitUserRC no',
    'PrintMotd no',
    'PrintLastLog no',
    'AcceptEnv T_*',
    'MaxStartups 500:30:1000',
    'MaxAuthTries 20',
    'LoginGraceTime 20',
    'LogLevel VERBOSE',
    // bash then takes itself for a nested one and leaves a slow .bashrc alone.
    'SetEnv SHLVL=1',
    'Subsystem sftp internal-sftp',
    '',
  ];
  // Not for all of them the first value counts.
  return [...more, ...defaults.filter((line) => !given.has(line.split(' ')[0]))].join('\n');
}

function keygen(args: readonly string[]): void {
  execFileSync(findProgram('ssh-keygen') ?? 'ssh-keygen', ['-q', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    // Its banner: a connection alone may be one that the kernel has accepted for it.
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
