import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Finding, quote } from '../kit/index.ts';
import { parseVomses, type VomsesContents, type VomsServer } from './vomses.ts';

/** Where to look for `vomses` files; the defaults are the process's own. */
export interface VomsesOptions {
  /** Files or directories that were named: nothing else is read then. */
  readonly paths?: readonly string[] | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

const MAX_FILE_BYTES = 1 << 20;
const MAX_FILES = 1_000;
const SYSTEM = '/etc/vomses';

/**
 * Reads the `vomses` files in use: those that were named, else `X509_VOMSES` or `VOMS_USERCONF`, else `~/.voms/vomses`,
 * `~/.glite/vomses` and `/etc/vomses` together. Each may be a file or a directory of files. What is missing among the
 * usual places is no finding; what was named and is missing is one. Never rejects for what the files hold.
 */
export async function loadVomses(options: VomsesOptions = {}): Promise<VomsesContents> {
  const { env = process.env } = options;
  const named = options.paths ?? namedBy(env);
  const servers: VomsServer[] = [];
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const path of named ?? usualPlaces(env)) {
    for (const part of await readPlace(path, named !== undefined)) {
      findings.push(...part.findings);
      for (const server of part.servers) {
        const key = JSON.stringify([server.alias, server.host, server.port, server.dn, server.vo]);
        if (!seen.has(key)) servers.push(server);
        seen.add(key);
      }
    }
  }
  return { servers, findings };
}

/** The places that are looked at, for messages. */
export function vomsesPlaces(options: VomsesOptions = {}): readonly string[] {
  const { env = process.env } = options;
  return options.paths ?? namedBy(env) ?? usualPlaces(env);
}

function namedBy(env: NodeJS.ProcessEnv): readonly string[] | undefined {
  const named = env.X509_VOMSES || env.VOMS_USERCONF;
  return named ? [named] : undefined;
}

function usualPlaces(env: NodeJS.ProcessEnv): readonly string[] {
  const home = env.HOME ?? homedir();
  return [join(home, '.voms', 'vomses'), join(home, '.glite', 'vomses'), SYSTEM];
}

async function readPlace(path: string, mustExist: boolean): Promise<readonly VomsesContents[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return mustExist ? [problem(`there is no file or directory ${quote(path)}`)] : [];
  if (!found.isDirectory()) return [await readVomsesFile(path)];
  try {
    const names = (await readdir(path)).filter((name) => !/^\.|~$/.test(name)).sort();
    const read = names.slice(0, MAX_FILES).map((name) => join(path, name));
    const contents: VomsesContents[] = [];
    for (const file of read) {
      if ((await stat(file).catch(() => undefined))?.isFile()) contents.push(await readVomsesFile(file));
    }
    if (names.length > MAX_FILES) {
      contents.push(problem(`${quote(path)} has ${names.length} files; the first ${MAX_FILES} are read`));
    }
    return contents;
  } catch (error) {
    return [problem(`cannot read ${quote(path)}: ${reasonOf(error)}`)];
  }
}

async function readVomsesFile(path: string): Promise<VomsesContents> {
  try {
    // A pipe in this place must not make us wait for its writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size, mode } = await file.stat();
      if ((mode & 0o002) !== 0) {
        return problem(`${quote(path)} can be written by everybody, and is not read (chmod 644 ${path})`);
      }
      if (size > MAX_FILE_BYTES) return problem(`${quote(path)} has ${size} bytes, and is not read`);
      return parseVomses(await file.readFile('utf8'), path);
    } finally {
      await file.close();
    }
  } catch (error) {
    return problem(`cannot read ${quote(path)}: ${reasonOf(error)}`);
  }
}

function problem(message: string): VomsesContents {
  return { servers: [], findings: [{ code: 'vomses/file', message }] };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
