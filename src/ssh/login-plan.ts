import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isLatchkeyError, LatchkeyError, runProgram, Secret } from '../kit/index.ts';
import { isPromptOf, promptLogin, readPrompt } from './askpass/prompt.ts';
import type { Answerer } from './askpass/server.ts';
import { hopConfig, identityPath, jumpCommand } from './client-config.ts';
import type { SecretSource, SshCredential, SshOptions, SshTarget } from './options.ts';
import { checkTarget } from './target.ts';

/** How ssh is run for one connection, each time it is made. */
export interface LoginPlan {
  readonly program: string;
  /** Command line of a master at this control socket. */
  masterArgs(controlPath: string): readonly string[];
  /** Environment of every ssh of this connection; `SSH_ASKPASS` is added to it. */
  readonly env: NodeJS.ProcessEnv;
  readonly answer: Answerer;
  readonly asks: boolean;
  readonly connectTimeoutMs: number;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;
const DEFAULT_KEEP_ALIVE = { seconds: 10, count: 3 };

interface Hop {
  readonly target: SshTarget;
  readonly credential: SshCredential;
  readonly configPath: string;
}

/**
 * Checks the options and writes the configuration files of all hops into the private directory.
 *
 * @throws TypeError for a host, user or port that is none; LatchkeyError `ssh/unsupported`, `ssh/program`
 */
export async function planLogin(options: SshOptions, directory: string): Promise<LoginPlan> {
  const jumps = options.jump ?? [];
  for (const target of [options.target, ...jumps]) checkTarget(target);
  const program = options.program ?? 'ssh';
  const credential = options.credential ?? {};
  const { password: _, ...forJumps } = credential;
  const configPath = (index: number) => join(directory, `config.${index}`);
  const hops: readonly Hop[] = [
    { target: options.target, credential, configPath: configPath(0) },
    ...jumps.map((jump, index) => ({
      target: jump,
      credential: jump.credential ?? forJumps,
      configPath: configPath(index + 1),
    })),
  ];
  const connectTimeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
  const env = sshEnvironment(credential);
  const isRecent = await isSince85(program, env);
  for (const [index, hop] of hops.entries()) {
    // The target is reached through the last jump host, that through the one before it, the first one straight.
    const through = index === 0 ? hops.length - 1 : index - 1;
    const way = hops[through];
    const proxyCommand =
      through === 0 || way === undefined
        ? straight(index, options)
        : jumpCommand({
            program,
            index: through,
            words: [...hopWords(way), '--', way.target.host],
          });
    const text = hopConfig({
      credential: hop.credential,
      hostKeys: options.hostKeys ?? { policy: 'strict' },
      configFile: options.configFile,
      connectTimeoutSeconds: Math.max(1, Math.ceil(connectTimeoutMs / 1000)),
      keepAlive: options.keepAlive ?? DEFAULT_KEEP_ALIVE,
      namesQuestions: isRecent,
      tellsBanner: isRecent,
      proxyCommand,
    });
    await writeFile(hop.configPath, text, { mode: 0o600 });
  }
  const logins = await Promise.all(hops.map((hop) => expectedLogin(program, hop, env)));
  const [target] = hops;
  return {
    program,
    masterArgs: (controlPath) => [
      ...(target === undefined ? [] : hopWords(target)),
      ...['-M', '-S', controlPath, '-N', '-T', '--', options.target.host],
    ],
    env,
    answer: async ({ hop, prompt }) => {
      const asked = hops[hop];
      return asked === undefined ? undefined : answerFor(asked.credential, logins[hop], prompt);
    },
    asks: hops.some(({ credential: used }) => asksFor(used)),
    connectTimeoutMs,
  };
}

/** The secret of a credential that a prompt is entitled to; `login` is who logs in where, when that is known. */
async function answerFor(
  credential: SshCredential,
  login: string | undefined,
  prompt: string,
): Promise<Secret | undefined> {
  const question = readPrompt(prompt);
  if (question.kind === 'password' && login !== undefined && question.login === login) {
    return reveal(credential.password);
  }
  if (question.kind === 'pass-phrase') {
    for (const [path, source] of credential.passPhrases ?? []) {
      if (isPromptOf(identityPath(path), question.keyPath)) return reveal(source);
    }
  }
  return undefined;
}

async function reveal(source: SecretSource | undefined): Promise<Secret | undefined> {
  return source === undefined || source instanceof Secret ? source : source();
}

function asksFor(credential: SshCredential): boolean {
  return credential.password !== undefined || (credential.passPhrases?.size ?? 0) > 0;
}

function straight(index: number, options: SshOptions): string | undefined {
  return index === 0 && options.jump === undefined ? undefined : 'none';
}

function hopWords(hop: Hop): readonly string[] {
  const { user, port } = hop.target;
  return [
    ...['-F', hop.configPath],
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
  ];
}

/**
 * What a password prompt of this hop must say. The configuration may have another name for the host, and may lead there
 * through hosts of its own, whose prompts must not get this password: so ssh itself is asked what it makes of it.
 */
async function expectedLogin(program: string, hop: Hop, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (hop.credential.password === undefined) return undefined;
  try {
    const words = [...hopWords(hop), '-G', '--', hop.target.host];
    const { code, stdout } = await runProgram(program, words, { env, timeoutMs: 10_000 });
    const value = (name: string) => new RegExp(`^${name} (.+)$`, 'm').exec(stdout.toString('utf8'))?.[1];
    const [user, host] = [value('user'), value('hostkeyalias') ?? value('hostname')];
    if (code === 0 && user !== undefined && host !== undefined) return promptLogin(user, host);
  } catch (error) {
    if (!isLatchkeyError(error, 'program/failed')) throw error;
    throw programMissing(program, error);
  }
  return promptLogin(hop.target.user ?? env.USER ?? '', hop.target.host);
}

/** OpenSSH 8.5 or newer; what cannot be told is taken for older. */
async function isSince85(program: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const result = await runProgram(program, ['-V'], { env, timeoutMs: 10_000 }).catch(() => undefined);
  const [, major, minor] =
    /OpenSSH_(\d+)\.(\d+)/.exec(`${result?.stdout ?? ''}${result?.stderr ?? ''}`) ?? [];
  return Number(major) > 8 || (Number(major) === 8 && Number(minor) >= 5);
}

/** The error for a program that cannot be run. */
export function programMissing(program: string, cause: unknown): LatchkeyError {
  return new LatchkeyError('ssh/program', `"${program}" cannot be run`, {
    hint: program === 'ssh' ? 'install the OpenSSH client' : 'is it installed, and in PATH?',
    details: { reason: 'missing' },
    cause,
  });
}

/** What ssh is told of our environment: nothing that could carry a credential of another session. */
const INHERITED =
  /^(?:PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|TERM|SSH_AUTH_SOCK|XDG_RUNTIME_DIR|KRB5\w+|LD_LIBRARY_PATH|GLOBUS_LOCATION|MALLOC_\w+)$/;

function sshEnvironment(credential: SshCredential): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
  return { ...Object.fromEntries(inherited), SHELL: '/bin/sh', ...credential.environment };
}
