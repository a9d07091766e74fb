import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { arch, availableParallelism, hostname, networkInterfaces, totalmem, userInfo } from 'node:os';
import { LatchkeyError, quote, runProgram } from '../../kit/index.ts';
import type { ConfigFacts, ConfigFiles } from './config-source.ts';

const MAX_BYTES = 1 << 20;

/** The files of this machine. */
export const machineFiles: ConfigFiles = { read: readBounded, list: listFiles };

/** What is found out about this machine, as HTCondor does. */
export async function machineFacts(env: NodeJS.ProcessEnv): Promise<ConfigFacts> {
  const own = ownAccount(env);
  return {
    env,
    fullHostName: await machineName(),
    detected: detectedMacros(),
    userName: own.username,
    isRoot: own.uid === 0,
    home: own.homedir,
    condorHome: homeOf('condor'),
    workingDirectory: process.cwd(),
  };
}

/** A number without an account is common in containers. */
function ownAccount(env: NodeJS.ProcessEnv): {
  readonly username: string;
  readonly uid: number;
  readonly homedir: string;
} {
  try {
    return userInfo();
  } catch {
    const uid = process.geteuid?.() ?? -1;
    return { username: env.USER ?? String(uid), uid, homedir: env.HOME ?? '/' };
  }
}

/** The full name of this machine as `hostname -f` says it, else what the kernel says. */
export async function machineName(): Promise<string> {
  const name = hostname();
  return name.includes('.') ? name : ((await askFullName()) ?? name);
}

function detectedMacros(): Readonly<Record<string, string>> {
  const addresses = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  const address = (family: string): string =>
    addresses.find((one) => one.family === family && !one.internal)?.address ?? '';
  const cpus = String(availableParallelism());
  return {
    ARCH: { x64: 'X86_64', arm64: 'AARCH64', ppc64: 'PPC64LE' }[arch() as string] ?? arch().toUpperCase(),
    OPSYS: process.platform.toUpperCase(),
    DETECTED_CPUS: cpus,
    DETECTED_CORES: cpus,
    DETECTED_MEMORY: String(Math.floor(totalmem() / (1 << 20))),
    IP_ADDRESS: address('IPv4') || address('IPv6'),
    IPV4_ADDRESS: address('IPv4'),
    IPV6_ADDRESS: address('IPv6'),
  };
}

function readBounded(path: string): string | undefined {
  let file: number;
  try {
    // Without waiting: a configuration may name a pipe.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw unreadable(path, cause);
  }
  try {
    if (!fstatSync(file).isFile()) return undefined;
    const bytes = Buffer.alloc(MAX_BYTES + 1);
    let length = 0;
    for (let got = -1; got !== 0 && length <= MAX_BYTES; length += got)
      got = readSync(file, bytes, length, bytes.length - length, null);
    if (length > MAX_BYTES)
      throw new LatchkeyError('config/malformed', `the configuration file ${quote(path)} is over 1 MiB`);
    return bytes.toString('utf8', 0, length);
  } catch (cause) {
    throw cause instanceof LatchkeyError ? cause : unreadable(path, cause);
  } finally {
    closeSync(file);
  }
}

function listFiles(directory: string): readonly string[] | undefined {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) => entry.name);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw unreadable(directory, cause);
  }
}

async function askFullName(): Promise<string | undefined> {
  try {
    const { code, stdout } = await runProgram('hostname', ['-f'], { timeoutMs: 2000, maxOutputBytes: 1000 });
    const name = stdout.toString().trim();
    return code === 0 && /^[\w.-]+\.[\w-]+$/.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

function homeOf(user: string): string | undefined {
  try {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((one) => one.startsWith(`${user}:`));
    return line?.split(':')[5] || undefined;
  } catch {
    return undefined;
  }
}

function isMissing(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function unreadable(path: string, cause: unknown): LatchkeyError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LatchkeyError('config/missing', `cannot read the configuration ${quote(path)}: ${reason}`, {
    cause,
  });
}
