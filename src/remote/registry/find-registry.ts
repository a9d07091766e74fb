import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { NAME_SERVER_PORT, type PyroLocation, parsePyroUri } from '../../pyro/index.ts';

export interface FindRegistryOptions {
  /** `host`, `host:port`, `[IPv6]:port` or `./u:path`. */
  readonly given?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly workingDirectory: string;
  readonly home?: string | undefined;
  /** Files are believed when they are of this user or root. */
  readonly uid?: number | undefined;
}

export interface FoundRegistry {
  readonly location: PyroLocation;
  /** Where that was said, for messages. */
  readonly from: string;
}

/**
 * Where the registry is: what is given; else the environment's `MUPIF_NS`; the file `MUPIF_NS` in the working directory;
 * `~/.config/latchkey/ns`; `~/.config/MUPIF_NS`; else port 9090 of this machine. A file that somebody else could have written is not believed.
 *
 * @throws LatchkeyError `config/invalid`, `file/unsafe`
 */
export async function findRegistry(options: FindRegistryOptions): Promise<FoundRegistry> {
  const { given, env, workingDirectory } = options;
  if (given !== undefined) return { location: parseRegistryAddress(given), from: 'the command line' };
  if (env.MUPIF_NS !== undefined && env.MUPIF_NS !== '')
    return { location: parseRegistryAddress(env.MUPIF_NS), from: 'MUPIF_NS in the environment' };
  const home = options.home ?? env.HOME;
  const config = env.XDG_CONFIG_HOME ?? (home === undefined ? undefined : join(home, '.config'));
  const files = [
    join(workingDirectory, 'MUPIF_NS'),
    ...(config === undefined ? [] : [join(config, 'latchkey', 'ns'), join(config, 'MUPIF_NS')]),
  ];
  for (const file of files) {
    const text = await readOwn(file, options.uid);
    if (text !== undefined) return { location: parseRegistryAddress(text), from: file };
  }
  return { location: { host: '127.0.0.1', port: NAME_SERVER_PORT }, from: 'the default' };
}

/** @throws LatchkeyError `config/invalid` */
export function parseRegistryAddress(text: string): PyroLocation {
  const address = text.trim();
  try {
    const { location } = parsePyroUri(`PYRONAME:x@${address}`);
    if (location !== undefined) return location;
  } catch {}
  throw new LatchkeyError('config/invalid', `${quote(address)} is no address of a registry`, {
    hint: 'host:port, [IPv6 address]:port or ./u:path',
  });
}

const MAX_BYTES = 1024;

async function readOwn(file: string, uid: number | undefined): Promise<string | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { mode, uid: owner, size } = await handle.stat();
    // Somebody else's link to a file that is to be believed says what somebody else wants.
    const { uid: namer } = await lstat(file);
    const isTrusted = (who: number) => who === 0 || uid === undefined || who === uid;
    const isSafe = isTrusted(owner) && isTrusted(namer) && (mode & 0o022) === 0;
    if (!isSafe)
      throw new LatchkeyError(
        'file/unsafe',
        `${quote(file)} says where the registry is, and others could have written it`,
        {
          hint: `chmod go-w it, or remove it; a registry is also told by --ns`,
        },
      );
    if (size > MAX_BYTES) return '';
    return (await handle.readFile('utf8')).trim();
  } finally {
    await handle.close();
  }
}
