import { access, open } from 'node:fs/promises';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { checkServerConfig } from './check-server-config.ts';
import { type ParsedServerConfig, parseServerConfig } from './parse-server-config.ts';

/** Largest configuration file, in bytes. */
const MAX_BYTES = 1 << 20;
const DEFAULT_PATH = '/etc/myproxy-server.config';

/**
 * Finds the configuration as the C server does without `-c`: `/etc/myproxy-server.config`, else
 * `$GLOBUS_LOCATION/etc/myproxy-server.config`. Undefined when neither can be read.
 */
export async function locateServerConfig(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const candidates = [DEFAULT_PATH];
  if (env.GLOBUS_LOCATION) candidates.push(`${env.GLOBUS_LOCATION}${DEFAULT_PATH}`);
  for (const path of candidates) {
    const readable = await access(path).then(
      () => true,
      () => false,
    );
    if (readable) return path;
  }
  return undefined;
}

/**
 * Reads, parses and checks a configuration file. Its findings include those of `checkServerConfig`;
 * `requireNoErrors` decides whether a server may run with it.
 *
 * @throws LatchkeyError `config/missing` when it cannot be read, `config/malformed` when it is over 1 MiB
 */
export async function loadServerConfig(path: string): Promise<ParsedServerConfig> {
  const text = await readBounded(path);
  const parsed = parseServerConfig(text);
  return { ...parsed, findings: [...parsed.findings, ...(await checkServerConfig(parsed.config))] };
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    const bytes = Buffer.alloc(MAX_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length);
      if (bytesRead === 0) return bytes.toString('utf8', 0, length);
      length += bytesRead;
      if (length > MAX_BYTES) {
        throw new LatchkeyError('config/malformed', `the configuration file ${quote(path)} is over 1 MiB`);
      }
    }
  } catch (cause) {
    throw cause instanceof LatchkeyError ? cause : unreadable(path, cause);
  } finally {
    await file.close();
  }
}

function unreadable(path: string, cause: unknown): LatchkeyError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LatchkeyError('config/missing', `cannot read the configuration file ${quote(path)}: ${reason}`, {
    cause,
  });
}
