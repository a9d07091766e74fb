import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { LatchkeyError, quote } from '../kit/index.ts';
import type { HostKeyPolicy, SshCredential } from './options.ts';
import { shellWord } from './shell/quote.ts';

/** One ssh process on the way: the target's, or a jump host's. Each has a configuration file of its own. */
export interface HopConfig {
  readonly credential: SshCredential;
  readonly hostKeys: HostKeyPolicy;
  /** `none`, a path, or undefined for the user's and the system's. */
  readonly configFile: string | undefined;
  readonly connectTimeoutSeconds: number;
  readonly keepAlive: { readonly seconds: number; readonly count: number };
  /**
   * Whether its ssh says whose question it passes on (8.5 and newer). An older one shows what a server asks by keyboard-interactive as if ssh asked
   * it, and a jump host could ask for the target's password, or for a pass phrase.
   */
  readonly namesQuestions: boolean;
  /** Whether it can be made to tell what a server says instead of its name, which is all that a server says that turns somebody away (8.5 and newer). */
  readonly tellsBanner: boolean;
  /** How the hop is reached: undefined = as the included files say, `none` = straight, else a shell command. */
  readonly proxyCommand: string | undefined;
}

/**
 * The configuration file of one ssh process. The first value counts in OpenSSH, so that what stands here cannot be undone by
 * the files it includes; of those, the aliases, ports, keys and ways of the user remain.
 *
 * @throws LatchkeyError `ssh/unsupported` for a path that such a file cannot express
 */
export function hopConfig(hop: HopConfig): string {
  const { credential } = hop;
  const hasPassword = credential.password !== undefined;
  const asks = hasPassword || (credential.passPhrases?.size ?? 0) > 0;
  const lines: string[] = [
    // Nobody is there to answer; with BatchMode OpenSSH asks nothing, without it the askpass program decides.
    `BatchMode ${asks ? 'no' : 'yes'}`,
    `StrictHostKeyChecking ${hop.hostKeys.policy === 'strict' ? 'yes' : 'accept-new'}`,
    'UpdateHostKeys no',
    'VerifyHostKeyDNS no',
    // A pass phrase that is asked for again was wrong, which ssh says in no other way; a password is tried once.
    `NumberOfPasswordPrompts ${hasPassword ? 1 : 2}`,
    `ConnectTimeout ${hop.connectTimeoutSeconds}`,
    'ConnectionAttempts 1',
    `ServerAliveInterval ${hop.keepAlive.seconds}`,
    `ServerAliveCountMax ${hop.keepAlive.count}`,
    'TCPKeepAlive yes',
    // A shared master of the user's would let one session ride on another's credential.
    'ControlMaster no',
    'ControlPath none',
    'ControlPersist no',
    'ClearAllForwardings yes',
    'ForwardAgent no',
    'ForwardX11 no',
    'Tunnel no',
    'PermitLocalCommand no',
    'RequestTTY no',
    'EscapeChar none',
    'GatewayPorts no',
    'StreamLocalBindMask 0177',
    'LogLevel VERBOSE',
  ];
  if (hop.tellsBanner) lines.push('LogVerbose kex.c:kex_exchange_identification():*');
  if (hasPassword && !hop.namesQuestions) lines.push('KbdInteractiveAuthentication no');
  if (!hasPassword && asks) lines.push('PasswordAuthentication no', 'KbdInteractiveAuthentication no');
  const { knownHostsFiles } = hop.hostKeys;
  if (knownHostsFiles !== undefined) {
    const files = knownHostsFiles.length === 0 ? ['/dev/null'] : knownHostsFiles;
    lines.push(`UserKnownHostsFile ${files.map(configPath).join(' ')}`, 'GlobalKnownHostsFile /dev/null');
  }
  for (const file of credential.identityFiles ?? []) lines.push(`IdentityFile ${configPath(file)}`);
  if (credential.identityFiles?.length === 0) lines.push('IdentityFile none');
  for (const file of credential.certificateFiles ?? []) lines.push(`CertificateFile ${configPath(file)}`);
  if (credential.isExclusive === true) lines.push('IdentitiesOnly yes');
  if (credential.agentSocket !== undefined) {
    const agent = credential.agentSocket;
    lines.push(`IdentityAgent ${agent === 'none' ? 'none' : configPath(agent)}`);
  }
  if (hop.proxyCommand === 'none') lines.push('ProxyJump none', 'ProxyCommand none');
  else if (hop.proxyCommand !== undefined) lines.push(`ProxyCommand ${hop.proxyCommand}`);
  if (hop.configFile === undefined) lines.push('Include ~/.ssh/config', 'Include /etc/ssh/ssh_config');
  else if (hop.configFile !== 'none') lines.push(`Include ${configPath(hop.configFile)}`);
  return `${lines.join('\n')}\n`;
}

/**
 * The command by which one ssh reaches the next machine through a jump host: another ssh with its own configuration file.
 * `LATCHKEY_HOP` tells the askpass program whose question it is, for two hosts may look the same in a prompt.
 */
export function jumpCommand(hop: {
  readonly program: string;
  readonly index: number;
  readonly words: readonly string[];
}): string {
  const words = [hop.program, ...hop.words].map((word) => shellWord(word).replaceAll('%', '%%'));
  const [program, ...rest] = words;
  return `env LATCHKEY_HOP=${hop.index} ${program} -W '[%h]:%p' ${rest.join(' ')}`;
}

/** Where a path of ours leads, as OpenSSH will name it when it asks about it. */
export function identityPath(path: string): string {
  return path.startsWith('~/') ? `${homedir()}${path.slice(1)}` : resolve(path);
}

function configPath(path: string): string {
  // No escape for these is understood by all versions.
  if (/["\\\n\r\0]|\$\{/.test(path)) {
    throw new LatchkeyError('ssh/unsupported', `OpenSSH cannot be given the path ${quote(path)}`, {
      hint: 'use a path without quotes, backslashes, line ends and "${"',
    });
  }
  return `"${identityPath(path).replaceAll('%', '%%')}"`;
}
