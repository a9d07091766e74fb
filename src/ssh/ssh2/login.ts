import { userInfo } from 'node:os';
import type { Duplex } from 'node:stream';
import { isLatchkeyError, LatchkeyError, printable } from '../../kit/index.ts';
import { readPrompt } from '../askpass/prompt.ts';
import { HUNG_UP_HINT } from '../failure.ts';
import type { SshCredential, SshOptions, SshTarget } from '../options.ts';
import { checkTarget, describeTarget } from '../target.ts';
import { hostKeyCheck } from './host-key.ts';
import { offeredKeys, secretOf } from './login-keys.ts';
import type { Ssh2Client, Ssh2Module } from './ssh2-module.ts';

const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;
const DEFAULT_KEEP_ALIVE = { seconds: 10, count: 3 };

/** A login that stands. */
export interface Ssh2Login {
  readonly client: Ssh2Client;
  /** Why it ended, when it has. */
  readonly ended: Promise<LatchkeyError>;
  end(): void;
}

/** What needs a program that reads configuration files, certificates or Kerberos. @throws LatchkeyError `ssh/unsupported`, TypeError */
export function checkSsh2Options(options: SshOptions): void {
  const hops = [options.target, ...(options.jump ?? [])];
  for (const hop of hops) checkTarget(hop);
  const credentials = [options.credential, ...(options.jump ?? []).map((jump) => jump.credential)];
  const asks: readonly (readonly [boolean, string])[] = [
    [options.program !== undefined, 'another program'],
    [(options.configFile ?? 'none') !== 'none', 'a configuration file'],
    [credentials.some((credential) => (credential?.certificateFiles ?? []).length > 0), 'certificates'],
    [
      credentials.some((credential) => Object.keys(credential?.environment ?? {}).length > 0),
      'an environment',
    ],
  ];
  for (const [isAsked, what] of asks)
    if (isAsked)
      throw new LatchkeyError('ssh/unsupported', `the ssh2 back-end cannot use ${what}`, {
        hint: 'use the OpenSSH back-end (openSsh), which needs the program ssh',
      });
}

/** Logs in, over the jump hosts, nearest first. @throws LatchkeyError `ssh/unreachable`, `ssh/host-key`, `ssh/denied` */
export async function logIn(ssh2: Ssh2Module, options: SshOptions, signal?: AbortSignal): Promise<Ssh2Login> {
  const { password: _, ...forJumps } = options.credential ?? {};
  const way = [
    ...(options.jump ?? []).map((jump) => ({ target: jump, credential: jump.credential ?? forJumps })),
    { target: options.target, credential: options.credential ?? {} },
  ];
  const logins: Ssh2Login[] = [];
  const end = () => {
    for (const login of [...logins].reverse()) login.end();
  };
  try {
    for (const hop of way) {
      const before = logins.at(-1);
      const sock = before === undefined ? undefined : await through(before.client, hop.target);
      logins.push(await logInToHop(ssh2, options, hop, sock, signal));
    }
  } catch (error) {
    end();
    throw error;
  }
  const last = logins.at(-1) as Ssh2Login;
  void last.ended.then(end);
  return { client: last.client, ended: last.ended, end };
}

/** The next hop as the last one reaches it. */
function through(client: Ssh2Client, target: SshTarget): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, target.host, target.port ?? 22, (error, channel) => {
      if (error === undefined) return resolve(channel);
      const hint =
        'the jump host does not get through: is the target up, and does the jump host allow TCP forwarding?';
      reject(unreachable(target, error.message, { reason: 'jump', hint, cause: error }));
    });
  });
}

async function logInToHop(
  ssh2: Ssh2Module,
  options: SshOptions,
  { target, credential }: { readonly target: SshTarget; readonly credential: SshCredential },
  sock: Duplex | undefined,
  signal: AbortSignal | undefined,
): Promise<Ssh2Login> {
  signal?.throwIfAborted();
  const port = target.port ?? 22;
  const hostKey = await hostKeyCheck({ host: target.host, port }, options.hostKeys);
  let refusal: LatchkeyError | undefined;
  const attempts = await authentication(ssh2, target, credential, (error) => {
    refusal ??= error;
  });
  const client = new ssh2.Client();
  const keepAlive = options.keepAlive ?? DEFAULT_KEEP_ALIVE;
  let last: Error | undefined;
  client.on('error', (error: Error & { level?: string }) => {
    // A key that could not sign: the next one is tried.
    if (error.level !== 'agent') last = error;
  });
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  const ready = new Promise<boolean>((resolve) => {
    client.once('ready', () => resolve(true));
    void closed.then(() => resolve(false));
  });
  const onAbort = () => client.destroy();
  signal?.addEventListener('abort', onAbort, { once: true });
  client.connect({
    host: target.host,
    port,
    username: target.user ?? userInfo().username,
    ...(sock === undefined ? {} : { sock }),
    readyTimeout: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    keepaliveInterval: keepAlive.seconds * 1000,
    keepaliveCountMax: keepAlive.count,
    authHandler: attempts.next,
    ...(hostKey.algorithms.length === 0
      ? {}
      : { algorithms: { serverHostKey: { prepend: hostKey.algorithms } } }),
    hostVerifier: (blob: Buffer, answer: (isRight: boolean) => void) => {
      hostKey.verify(blob).then(
        () => answer(true),
        (error: LatchkeyError) => {
          refusal = error;
          answer(false);
        },
      );
    },
  });
  try {
    if (!(await ready)) {
      signal?.throwIfAborted();
      throw refusal?.code === 'ssh/host-key'
        ? refusal
        : loginError(target, last, refusal, attempts.troubles());
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  client.setNoDelay(true);
  const ended = closed.then(
    () =>
      new LatchkeyError(
        'ssh/lost',
        `the connection to ${describeTarget(target)} was lost: ${last?.message ?? 'it ended'}`,
        {
          retryable: true,
          ...(last === undefined ? {} : { cause: last }),
        },
      ),
  );
  return {
    client,
    ended,
    end: () => {
      client.end();
      client.destroy();
    },
  };
}

type Method = Readonly<Record<string, unknown>> | false;
type Next = (left: readonly string[] | null, partial: boolean, go: (method: Method) => void) => void;

/** What is tried, in OpenSSH's order: keys, questions, password. Each secret is given once. */
async function authentication(
  ssh2: Ssh2Module,
  target: SshTarget,
  credential: SshCredential,
  onTrouble: (error: LatchkeyError) => void,
): Promise<{ readonly next: Next; troubles(): readonly string[] }> {
  const username = target.user ?? userInfo().username;
  const { keys, troubles } = await offeredKeys(ssh2, credential, onTrouble);
  const said = [...troubles];
  let methods: readonly string[] = [];
  const answer = (
    _name: string,
    _instructions: string,
    _language: string,
    prompts: readonly { readonly prompt: string; readonly echo?: boolean }[],
    finish: (answers: readonly string[]) => void,
  ) => {
    const [only] = prompts;
    if (only === undefined) return finish([]);
    const question = readPrompt(only.prompt);
    // A question with a name in it looks like somebody else's: servers' own have none.
    const isOurs = question.kind === 'password' && question.login === undefined;
    if (prompts.length > 1 || only.echo || !isOurs || hasAnswered) {
      said.push(`it asked ${JSON.stringify(printable(only.prompt))}, and nothing was given for that`);
      return finish(prompts.map(() => ''));
    }
    hasAnswered = true;
    secretOf(credential.password).then(
      (secret) => finish([secret?.revealText() ?? '']),
      () => finish(['']),
    );
  };
  let hasAnswered = false;
  async function* plan(): AsyncGenerator<Method> {
    yield { type: 'none', username };
    for (const { agent } of keys) if (methods.includes('publickey')) yield { type: 'agent', username, agent };
    if (credential.password !== undefined) {
      if (methods.includes('keyboard-interactive'))
        yield { type: 'keyboard-interactive', username, prompt: answer };
      const secret =
        methods.includes('password') && !hasAnswered ? await secretOf(credential.password) : undefined;
      if (secret !== undefined) yield { type: 'password', username, password: secret.revealText() };
    }
  }
  const attempts = plan();
  return {
    next: (left, _partial, go) => {
      if (left !== null) methods = left;
      attempts.next().then(
        ({ value, done }) => go(done ? false : value),
        (error: Error) => {
          said.push(error.message);
          go(false);
        },
      );
    },
    troubles: () => (methods.length === 0 ? said : [...said, `it takes ${methods.join(', ')}`]),
  };
}

/** The error of a login that failed. */
function loginError(
  target: SshTarget,
  cause: (Error & { readonly level?: string; readonly code?: string }) | undefined,
  refusal: LatchkeyError | undefined,
  troubles: readonly string[],
): LatchkeyError {
  const name = describeTarget(target);
  if (cause?.level === 'client-authentication') {
    const isPassPhrase =
      isLatchkeyError(refusal, 'ssh/pass-phrase-wrong') || isLatchkeyError(refusal, 'ssh/pass-phrase-needed');
    const because = [...(refusal === undefined ? [] : [refusal.message]), ...troubles].join('; ');
    return new LatchkeyError(
      'ssh/denied',
      `${name} lets nobody in with that${because === '' ? '' : `: ${because}`}`,
      {
        cause: refusal ?? cause,
        hint: isPassPhrase
          ? 'give the one that the key was made with'
          : 'is it the right user, and is the key in its authorized_keys?',
        details: {
          reason: isLatchkeyError(refusal, 'ssh/pass-phrase-wrong') ? 'pass-phrase-wrong' : 'refused',
        },
      },
    );
  }
  const text = cause?.message ?? 'the server hung up before the login';
  const known = REASONS.find(({ pattern }) => pattern.test(`${cause?.code ?? ''} ${text}`));
  return unreachable(target, text, { reason: known?.reason ?? 'other', hint: known?.hint, cause });
}

const REASONS: readonly { readonly pattern: RegExp; readonly reason: string; readonly hint: string }[] = [
  { pattern: /ECONNREFUSED/, reason: 'refused', hint: 'is sshd running there, and is it that port?' },
  { pattern: /ENOTFOUND|EAI_/, reason: 'name', hint: 'is the name right, and does it resolve here?' },
  {
    pattern: /Timed out|ETIMEDOUT/,
    reason: 'timed-out',
    hint: 'nobody answers: a firewall, a machine that is down, or one that is overloaded',
  },
  { pattern: /EHOSTUNREACH|ENETUNREACH/, reason: 'no-route', hint: 'is the network up?' },
  {
    pattern: /no matching/i,
    reason: 'algorithms',
    hint: 'the two sides have no algorithm in common; the OpenSSH back-end knows more of them',
  },
  {
    pattern: /ECONNRESET|hung up|closed|lost before handshake/,
    reason: 'closed',
    hint: HUNG_UP_HINT,
  },
];

function unreachable(
  target: SshTarget,
  text: string,
  more: { readonly reason: string; readonly hint?: string | undefined; readonly cause?: unknown },
): LatchkeyError {
  return new LatchkeyError(
    'ssh/unreachable',
    `${describeTarget(target)} cannot be reached: ${printable(text)}`,
    {
      retryable: more.reason !== 'name' && more.reason !== 'algorithms',
      cause: more.cause,
      ...(more.hint === undefined ? {} : { hint: more.hint }),
      details: { reason: more.reason },
    },
  );
}
