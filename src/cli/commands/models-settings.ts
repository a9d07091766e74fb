import { readFile } from 'node:fs/promises';
import { isLatchkeyError, LatchkeyError, quote } from '../../kit/index.ts';
import { type LegacySettings, type NetworkMode, readLegacySettings, sshWords } from '../../remote/index.ts';
import { Context, parseTarget, type Session, type SessionOptions, type Target } from '../../session/index.ts';
import type { SshWay } from './models-reach.ts';

const MAX_BYTES = 1 << 20;

/** The mode that `-m` chooses. @throws LatchkeyError `cli/usage` */
export function networkMode(text: string): NetworkMode {
  if (/^[0-3]$/.test(text)) return Number(text) as NetworkMode;
  throw new LatchkeyError('cli/usage', `-m is 0, 1, 2 or 3, not ${quote(text)}`);
}

/**
 * A settings file under the old names, for a client.
 *
 * @throws LatchkeyError `config/missing`, `config/invalid`
 */
export async function clientSettings(
  path: string,
  mode: NetworkMode,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LegacySettings> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new LatchkeyError('config/missing', `cannot read ${quote(path)}: ${cause.code}`, { cause });
  });
  if (text.length > MAX_BYTES) throw new LatchkeyError('config/invalid', `${quote(path)} is too large`);
  return readLegacySettings(text, path, mode, { env, platform: process.platform });
}

/** Who logs in where, by old settings or by options of the same meaning. */
export interface LoginSettings {
  /** `host`, `user@host:port`, `gsissh://host`: the machine that is gone to whatever the registry says. */
  readonly machine?: string | undefined;
  /** `server` of old settings. */
  readonly server?: string | undefined;
  readonly user?: string | undefined;
  readonly program?: string | undefined;
  /** Words of an ssh command line. */
  readonly options: readonly string[];
}

/** What a login by old settings needs of the session that logs in. */
export interface LoginSession {
  /** For the session's making. */
  readonly options: SessionOptions;
  readonly identityFiles: readonly string[];
  /** Words that have no use. */
  readonly unused: readonly string[];
  /** The way through a session that was made with these; `jump` comes before what `options` says. */
  way(session: Session, jump?: readonly Target[]): SshWay;
}

/** @throws LatchkeyError `jobs/url` when the machine is none */
export function loginSession(settings: LoginSettings): LoginSession {
  const { program, server } = settings;
  const { identityFiles, configFile, jump, port, user = settings.user, unused } = sshWords(settings.options);
  const isGsi = program !== undefined && /gsissh[^/]*$/.test(program);
  const target = (machine: string) => {
    const { scheme, ...parsed } = parseTarget(machine);
    return {
      ...{ user, port, ...parsed, scheme: isGsi ? ('gsissh' as const) : scheme },
    };
  };
  const hops = jump?.split(',').map((hop) => parseTarget(hop));
  if (settings.machine !== undefined) target(settings.machine);
  return {
    options: {
      ...(configFile === undefined ? {} : { configFile }),
      ...(program === undefined ? {} : { programs: isGsi ? { gsissh: program } : { ssh: program } }),
    },
    ...{ identityFiles, unused },
    way: (session, otherHops = hops) => ({
      machine: settings.machine,
      otherwise: () => {
        if (server !== undefined && !/^(127\.|::1$|localhost$)/.test(server)) return server;
        throw new LatchkeyError('remote/link', 'the registry does not say which machine to log in to', {
          hint: 'name it: sshHost in the settings, --machine, or -s of the old tools',
        });
      },
      connect: (machine) => session.connect({ ...target(machine), jump: otherHops }),
      close: () => session.close(),
    }),
  };
}

/** What is to be told of old settings that a login is made by. */
export function loginFindings(
  settings: LegacySettings | undefined,
  { unused }: Pick<LoginSession, 'unused'>,
): readonly string[] {
  const told = (settings?.findings ?? []).filter(({ code }) => /^settings-(host-key|putty)$/.test(code));
  const words = unused.join(' ');
  return [
    ...told.map(({ message }) => message),
    ...(words === '' ? [] : [`of options, ${words} is not used: ssh's own configuration file can have it`]),
  ];
}

/** Gives a session the keys that `options` names. @throws LatchkeyError what is wrong with a key */
export async function addIdentities(session: Session, files: readonly string[]): Promise<void> {
  for (const userKey of files) {
    try {
      await session.addContext(new Context('SSH', { userKey }));
    } catch (error) {
      if (!isLatchkeyError(error, 'ssh/pass-phrase-needed')) throw error;
      throw new LatchkeyError('ssh/pass-phrase-needed', `the key ${quote(userKey)} has a pass phrase`, {
        cause: error,
        hint: 'load it into an agent: ssh-add; or latchkey models … -i, which asks for it',
      });
    }
  }
}
