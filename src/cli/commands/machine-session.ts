import { isLatchkeyError } from '../../kit/index.ts';
import { Context, parseTarget, Session, type SessionOptions, type Target } from '../../session/index.ts';
import type { SshConnection } from '../../ssh/index.ts';
import type { Invocation } from './command.ts';
import { askPassword, readPassPhraseFile } from './secrets.ts';

/**
 * A session with what {@link MACHINE}'s options say, beside the user's own contexts.
 *
 * @param otherwise what counts where no option says something else
 * @throws LatchkeyError what is wrong with a key, a proxy or a file
 */
export async function openSession(invocation: Invocation, otherwise: SessionOptions = {}): Promise<Session> {
  const { given, context } = invocation;
  const knownHosts = given.text('known-hosts');
  const session = new Session({
    ...otherwise,
    env: context.env,
    uid: context.uid,
    defaults: !given.flag('only-these'),
    hostKeys: {
      policy: given.flag('accept-new') ? 'accept-new' : 'strict',
      ...(knownHosts === undefined ? {} : { knownHostsFiles: [knownHosts] }),
    },
    configFile: given.text('ssh-config') ?? otherwise.configFile,
  });
  try {
    await addContexts(invocation, session);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** The hosts that `--jump` names. @throws LatchkeyError `jobs/url` */
export function jumpHosts({ given }: Invocation): readonly Target[] | undefined {
  return given
    .text('jump')
    ?.split(',')
    .map((hop) => parseTarget(hop));
}

/** Logs in where an argument says. */
export async function connectTo(
  invocation: Invocation,
  session: Session,
  address: string,
): Promise<SshConnection> {
  return await session.connect({ ...parseTarget(address), jump: jumpHosts(invocation) });
}

async function addContexts(invocation: Invocation, session: Session): Promise<void> {
  const { given } = invocation;
  const identity = given.text('identity');
  const proxy = given.text('login-proxy');
  const passwordFile = given.text('password-file');
  if (identity !== undefined) await addKey(invocation, session, identity);
  if (proxy !== undefined) await session.addContext(new Context('X509', { userProxy: proxy }));
  if (passwordFile !== undefined || given.flag('password')) {
    const userPass =
      passwordFile === undefined
        ? await askPassword(invocation, 'Password: ', 'use a file only you can read: --password-file')
        : await readPassPhraseFile(passwordFile);
    await session.addContext(new Context('UserPass', { userPass }));
  }
}

/** Its pass phrase is asked for only when it has one. */
async function addKey(invocation: Invocation, session: Session, path: string): Promise<void> {
  try {
    await session.addContext(new Context('SSH', { userKey: path }));
  } catch (error) {
    if (!isLatchkeyError(error, 'ssh/pass-phrase-needed')) throw error;
    const userPass = await askPassword(
      invocation,
      `Pass phrase of ${path}: `,
      'load the key into an agent: ssh-add',
    );
    await session.addContext(new Context('SSH', { userKey: path, userPass }));
  }
}
