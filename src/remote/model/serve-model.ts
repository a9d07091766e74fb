import { pathToFileURL } from 'node:url';
import { LatchkeyError, quote, Secret } from '../../kit/index.ts';
import { Exposed, type ExposedTable, expose, ObjectServer } from '../../pyro/index.ts';
import { LINK_KEYS_OBJECT, LinkKeys } from '../link/link-keys.ts';
import type { Instruction } from '../model-server/host/report.ts';
import { byHandshake } from '../model-server/service/serve-model-server.ts';
import { openReportChannel } from './report-channel.ts';

/** What a model may know of the job it is. It runs in the job's directory, and what it prints is the job's log. */
export interface ModelJob {
  readonly id: string;
  /** Where references to its own objects come from: `reference` makes one callable. */
  readonly objects: ObjectServer;
  /** Follows references to objects of the applications that this one was connected to. */
  readonly links: LinkKeys;
  /** Ends the process, after the call that is being answered. */
  end(): void;
}

/** A class that can be a model: made once for each job. Its public methods, or those it lists, are what clients call. */
export interface ModelClass {
  new (job: ModelJob): object;
  /** Names of the methods that are called from elsewhere; default all that do not begin with an underscore. */
  readonly remoteMethods?: readonly string[];
}

const OBJECT = 'model';

/**
 * Serves a model class, or what gives one, as the job that this process was started as: reads what the server says, listens where it is told, reports,
 * and goes on until it is ended. Resolves when it has ended.
 *
 * @throws LatchkeyError `remote/state` when no model server has started this process
 */
export async function serveModel(given: ModelClass | (() => Promise<ModelClass>)): Promise<void> {
  const channel = await openReportChannel(process.env);
  const { instruction } = channel;
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  process.once('SIGTERM', end).once('SIGINT', end);
  const links = new LinkKeys();
  let objects: ObjectServer | undefined;
  try {
    const Model = isClass(given) ? given : await given();
    objects = await ObjectServer.listen(listening(instruction));
    const model = new Model({ id: instruction.job, objects, links, end });
    objects.publish(links.exposed, LINK_KEYS_OBJECT);
    const uri = objects.publish(exposedModel(Model, model, end), OBJECT);
    await channel.report({ uri, protection: 'unix' in instruction.listen ? 'token' : 'hmac' });
  } catch (error) {
    await objects?.close(0);
    await channel.report({ error: error instanceof Error ? error.message : String(error) }).catch(() => {});
    throw error;
  }
  await ended;
  await links.close();
  await objects.close(1000);
}

function isClass(given: ModelClass | (() => Promise<ModelClass>)): given is ModelClass {
  // An arrow function has none.
  return given.prototype !== undefined;
}

function listening({ listen, key: text }: Instruction) {
  const key = new Secret(text);
  if ('unix' in listen) return { address: { path: listen.unix }, token: key, authorize: byHandshake(key) };
  return { address: listen, hmacKey: key };
}

/** `terminate` ends the job; a model that has one of its own does what it wants first. */
function exposedModel(Model: ModelClass, model: object, end: () => void): Exposed {
  const names = Model.remoteMethods ?? publicMethods(model);
  const own = expose(model as Record<string, unknown>, {
    methods: names.filter((name) => name !== 'terminate'),
  });
  const terminate = Reflect.get(model, 'terminate') as unknown;
  const table: ExposedTable = {
    methods: {
      ...Object.fromEntries(own.methods),
      terminate: async () => {
        if (typeof terminate === 'function') await terminate.call(model);
        setImmediate(end);
      },
    },
  };
  return new Exposed(table);
}

/** Methods of the class and of those it extends. */
function publicMethods(model: object): readonly string[] {
  const names = new Set<string>();
  for (
    let prototype: object | null = Object.getPrototypeOf(model);
    prototype !== null && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
      if (typeof value === 'function' && name !== 'constructor' && !name.startsWith('_')) names.add(name);
  }
  return [...names];
}

/**
 * Loads a model class from a module.
 *
 * @throws LatchkeyError `remote/start-failed` when the module cannot be loaded, or has no such class
 */
export async function loadModelClass(module: string, name: string): Promise<ModelClass> {
  let exports: Record<string, unknown>;
  try {
    exports = (await import(pathToFileURL(module).href)) as Record<string, unknown>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const isTypeScript =
      /\.[cm]?ts$/.test(module) && !('strip' in process.features) && /Unknown file extension/.test(reason);
    throw new LatchkeyError('remote/start-failed', `cannot load ${quote(module)}: ${reason}`, {
      cause,
      ...(isTypeScript
        ? { hint: 'Node reads TypeScript from 22.18 on; before, compile the module, or give the JavaScript' }
        : {}),
    });
  }
  const Model = exports[name];
  if (typeof Model === 'function' && Model.prototype !== undefined) return Model as unknown as ModelClass;
  throw new LatchkeyError('remote/start-failed', `${quote(module)} exports no class ${quote(name)}`, {
    hint: `it exports ${Object.keys(exports).join(', ') || 'nothing'}`,
  });
}
