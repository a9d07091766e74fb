import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { parse } from 'smol-toml';
import {
  array,
  check,
  type InferOutput,
  integer,
  maxValue,
  minLength,
  minValue,
  number,
  optional,
  picklist,
  pipe,
  record,
  safeParse,
  strictObject,
  string,
  tuple,
  unknown,
} from 'valibot';
import { LatchkeyError, quote } from '../../../kit/index.ts';
import { parseRegistryAddress } from '../../registry/find-registry.ts';
import { parseHostUrl } from '../host/batch/batch-ground.ts';
import {
  DEFAULT_LIMITS,
  isServerName,
  type ListenPlace,
  type ModelHostSettings,
  type ModelProgram,
  type ModelServerSettings,
} from './model-server-settings.ts';

const count = (least: number, most: number) => pipe(number(), integer(), minValue(least), maxValue(most));
const seconds = pipe(number(), minValue(0), maxValue(366 * 86_400));
const port = count(1, 65_535);
const text = pipe(string(), minLength(1));

/** Every key of `[models]`. */
export const MODELS_SECTION = strictObject({
  /** In the registry, and at the end of every job's id. */
  name: optional(pipe(text, check(isServerName, 'letters, digits and @ . _ + - only, at most 100'))),
  /** Answer of `getApplicationSignature`. */
  application: optional(text),
  /** `MODULE#EXPORT` */
  class: optional(text),
  command: optional(pipe(array(text), minLength(1))),
  metadata: optional(record(string(), unknown())),
  /** Where jobs and state are. */
  directory: optional(text),
  /** `unix:PATH` or `HOST:PORT` */
  listen: optional(text),
  /** Where the registry is: `HOST:PORT`, `./u:PATH`. */
  registry: optional(text),
  /** Holds the key that clients must know. */
  key_file: optional(text),
  /** Jobs have the server's key instead of one each. */
  share_key: optional(picklist(['yes', 'no'])),
  /** `unix` (default), or an address of this machine. */
  job_listen: optional(text),
  /** First and last port for jobs. */
  ports: optional(tuple([port, port])),
  environment: optional(record(string(), string())),
  /** Where jobs run: the URL of a job service. */
  host: optional(text),
  /** What is asked of its scheduler, under the names of job descriptions. */
  job: optional(record(string(), unknown())),
  /** `node`, or an address of the node. */
  node_listen: optional(text),
  /** The command that is latchkey on that machine. */
  runtime: optional(pipe(array(text), minLength(1))),
  /** Credentials that follow each job: files on this machine. */
  proxy: optional(text),
  token: optional(text),
  max_jobs: optional(count(1, 10_000)),
  max_jobs_per_user: optional(count(1, 10_000)),
  queue: optional(count(0, 100_000)),
  ticket_lifetime: optional(seconds),
  start_timeout: optional(seconds),
  /** How long a job lives on without its client; 0 = for ever. */
  lease: optional(seconds),
  /** How long a job lives on when its server has ended without ending it, and no client is connected; 0 = for ever. */
  orphan_grace: optional(seconds),
  /** How long a job may run; 0 = for ever. */
  max_run: optional(seconds),
  stop_timeout: optional(seconds),
  keep_ended: optional(count(0, 10_000)),
  max_file_bytes: optional(pipe(number(), integer(), minValue(1))),
  max_log_bytes: optional(pipe(number(), integer(), minValue(4096))),
  on_restart: optional(picklist(['adopt', 'reap'])),
});

/** The section `[models]` of a `latchkey.toml`. */
export type ModelsSection = InferOutput<typeof MODELS_SECTION>;

/**
 * Reads the section `[models]`; an absent one is empty.
 *
 * @throws LatchkeyError `config/malformed`, `config/invalid` with every mistake
 */
export function parseModelsSection(source: string, path: string): ModelsSection {
  let document: Record<string, unknown>;
  try {
    document = parse(source);
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new LatchkeyError('config/malformed', `${path} is no TOML: ${reason}`, { cause });
  }
  const { success, output, issues } = safeParse(MODELS_SECTION, document.models ?? {});
  if (success) return output;
  const mistakes = issues.map((issue) => {
    const key = (issue.path ?? []).map(({ key: part }) => String(part)).join('.');
    return `models.${key}: ${issue.message}`;
  });
  throw new LatchkeyError('config/invalid', `${path}: ${mistakes.join('; ')}`, {
    hint: 'docs/model-server.md lists every key of [models]',
  });
}

/** Where relative paths begin, and what stands in for what is not said. */
export interface SettingsGround {
  readonly base: string;
  /** Used without `directory`. */
  readonly directory: string;
}

/**
 * Settings from a section and defaults. The key is not read here.
 *
 * @throws LatchkeyError `config/invalid` when what a job is is not said, or twice
 */
export function settingsFromSection(
  given: ModelsSection,
  { base, directory: usual }: SettingsGround,
): ModelServerSettings {
  const directory = given.directory === undefined ? usual : resolve(base, given.directory);
  const { ports, job_listen: places = ports === undefined ? 'unix' : '127.0.0.1' } = given;
  if (ports !== undefined && ports[0] > ports[1])
    throw new LatchkeyError('config/invalid', `models.ports: ${ports[0]} is above ${ports[1]}`);
  const limits = DEFAULT_LIMITS;
  return {
    name: given.name ?? `Models@${hostname().replace(/[^A-Za-z0-9.-]/g, '-')}`,
    application: given.application ?? 'Latchkey model server',
    model: programOf(given, base),
    metadata: given.metadata ?? {},
    directory,
    listen: placeOf(given.listen ?? `unix:${directory}/server`, base),
    registry: given.registry === undefined ? undefined : parseRegistryAddress(given.registry),
    sharesKey: given.share_key === 'yes',
    jobPlaces:
      places === 'unix'
        ? 'unix'
        : { host: places, ports: ports === undefined ? undefined : { first: ports[0], last: ports[1] } },
    environment: given.environment ?? {},
    host: hostOf(given, base),
    limits: {
      maxJobs: given.max_jobs ?? limits.maxJobs,
      maxJobsPerOwner: given.max_jobs_per_user ?? limits.maxJobsPerOwner,
      maxQueued: given.queue ?? limits.maxQueued,
      ticketSeconds: given.ticket_lifetime ?? limits.ticketSeconds,
      startSeconds: given.start_timeout ?? limits.startSeconds,
      leaseSeconds: given.lease ?? limits.leaseSeconds,
      orphanSeconds: given.orphan_grace ?? limits.orphanSeconds,
      maxSeconds: given.max_run ?? limits.maxSeconds,
      stopSeconds: given.stop_timeout ?? limits.stopSeconds,
      maxEnded: given.keep_ended ?? limits.maxEnded,
      maxFileBytes: given.max_file_bytes ?? limits.maxFileBytes,
      maxLogBytes: given.max_log_bytes ?? limits.maxLogBytes,
    },
    onRestart: given.on_restart ?? 'adopt',
  };
}

/** @throws LatchkeyError `jobs/url`; `config/invalid` for what means nothing with, or without, a host */
function hostOf(given: ModelsSection, base: string): ModelHostSettings | undefined {
  const { host: url, job, node_listen: listen, runtime, proxy, token, ports } = given;
  const file = (path: string | undefined) => (path === undefined ? undefined : resolve(base, path));
  if (url === undefined) {
    const [stray] =
      Object.entries({ job, node_listen: listen, runtime, proxy, token }).find(
        ([, value]) => value !== undefined,
      ) ?? [];
    if (stray === undefined) return undefined;
    throw new LatchkeyError(
      'config/invalid',
      `models.${stray}: it is for jobs of a host, and there is none`,
      {
        hint: 'host = "slurm://localhost" in [models], or --host',
      },
    );
  }
  const { via } = parseHostUrl(url);
  if (via === 'local' && (ports !== undefined || given.job_listen !== undefined))
    throw new LatchkeyError('config/invalid', 'models.job_listen and models.ports are of this machine', {
      hint: 'node_listen says where models listen on their nodes; each has any free port there',
    });
  if (listen !== undefined && listen !== 'node' && isIP(listen) === 0)
    throw new LatchkeyError(
      'config/invalid',
      `models.node_listen: ${quote(listen)} is neither node nor an address`,
    );
  return { url, job: job ?? {}, listen, runtime, proxy: file(proxy), token: file(token) };
}

function programOf({ class: name, command }: ModelsSection, base: string): ModelProgram {
  if ((name === undefined) === (command === undefined))
    throw new LatchkeyError('config/invalid', 'what a job is must be said once: a class, or a command', {
      hint: '--class MODULE#EXPORT, or -- COMMAND …; class or command in [models]',
    });
  if (command !== undefined) return { kind: 'program', command };
  const at = (name ?? '').lastIndexOf('#');
  const [module, exported] = at === -1 ? [name ?? '', 'Model'] : [name?.slice(0, at), name?.slice(at + 1)];
  return { kind: 'class', module: resolve(base, module ?? ''), export: exported ?? '' };
}

/** @throws LatchkeyError `config/invalid` */
function placeOf(listen: string, base: string): ListenPlace {
  if (listen.startsWith('unix:')) return { unix: resolve(base, listen.slice(5)) };
  // A name may mean several addresses, of which one could be somebody else's.
  const [, six, four, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(listen) ?? [];
  const host = six ?? four;
  if (host !== undefined && Number(digits) <= 65_535)
    return { host: host === 'localhost' ? '127.0.0.1' : host, port: Number(digits) };
  throw new LatchkeyError(
    'config/invalid',
    `models.listen: ${quote(listen)} is neither unix:PATH nor HOST:PORT`,
  );
}
