import { userInfo } from 'node:os';
import { isLatchkeyError, LatchkeyError, Secret } from '../../kit/index.ts';
import { isPyroDict, type PyroValue, parseObjectUri, type ReconnectPolicy } from '../../pyro/index.ts';
import type { Links } from '../link/links.ts';
import { HERE } from '../link/place.ts';
import { type AllocationProgress, awaitAllocation } from './await-allocation.ts';
import { explainLoss, jobEnded } from './explain-loss.ts';
import { startHeartbeat } from './heartbeat.ts';
import { connectLinked, type LinkedObject } from './linked-object.ts';
import { releaseAll } from './release.ts';
import { type AllocatedJob, RemoteModel } from './remote-model.ts';
import { type Registered, trueAddress } from './true-address.ts';

/** What finds a model server by its name: a name server, or a table. */
export interface ModelServerFinder {
  lookup(name: string): Promise<Registered>;
}

export interface AllocateOptions {
  readonly links: Links;
  /** What clients of the model server must know. */
  readonly key: Secret;
  /** The machine that the model server and its jobs run on; default: what the registry says (`host:…`), else this one. */
  readonly machine?: string | undefined;
  /** What to be called at the server; default the login name. */
  readonly user?: string | undefined;
  /** Of `preAllocate`. */
  readonly ticket?: string | undefined;
  /** Methods of the model that may be done twice: they are called again when a link is cut under them. */
  readonly safe?: readonly string[] | undefined;
  readonly timeoutMs?: number | undefined;
  /** Called every now and then while the job waits in the queue of a scheduler, or starts. */
  readonly onWaiting?: ((progress: AllocationProgress) => void) | undefined;
  /** Gives the allocation up; afterwards it means nothing. */
  readonly signal?: AbortSignal | undefined;
}

const HEARTBEAT_MS = 2_000;
/** What a server that is not well is given, before the model is asked itself. */
const TERMINATE_MS = 4_000;
/** A cut of some ten seconds is survived. */
const PATIENT: ReconnectPolicy = { attempts: 12, delayMs: 200 };

/**
 * Has a model server start a job and connects to it: everything between the two is made, and is the model's own until it is terminated. What
 * fails half-way leaves nothing behind, the job included.
 *
 * @typeParam T what the application can do
 * @throws LatchkeyError what the finder, the links and the connections throw; RemoteError of the server: full, not allowed, start failed
 */
export async function allocateApplicationWithModelServer<T extends object>(
  finder: ModelServerFinder,
  modelServer: string,
  options: AllocateOptions,
): Promise<RemoteModel<T>> {
  const { links, key, signal } = options;
  const found = trueAddress(await finder.lookup(modelServer));
  const machine = options.machine ?? found.host ?? HERE;
  signal?.throwIfAborted();
  // The connections do not end with the signal: the job has to be given back through them.
  const common = { machine, reconnect: PATIENT };
  const server = await connectLinked(links, found.uri, { ...common, ...proofFor(found.uri, key) });
  let job: AllocatedJob | undefined;
  const terminateJob = async () => {
    if (job !== undefined) await server.object.call('terminateJob', [job.id, job.key.revealText()]);
  };
  try {
    const user = options.user ?? userInfo().username;
    const answer = await awaitAllocation(server.object, user, options);
    const allocated = jobOf(answer);
    job = allocated;
    signal?.throwIfAborted();
    const linked = await connectLinked(links, allocated.uri, {
      ...common,
      ...(allocated.protection === 'hmac' ? { hmacKey: allocated.key } : { token: allocated.key }),
      reconnect: { ...PATIENT, safe: options.safe ?? [] },
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
    return modelOf<T>(allocated, machine, linked, server, terminateJob);
  } catch (error) {
    await releaseAll([
      { what: 'the job', run: terminateJob },
      { what: 'the model server', run: () => server.close() },
    ]).catch(() => {});
    throw error;
  }
}

function modelOf<T extends object>(
  job: AllocatedJob,
  machine: string,
  linked: LinkedObject,
  server: LinkedObject,
  terminateJob: () => Promise<unknown>,
): RemoteModel<T> {
  // The job is leased to the connection that asks, after a cut to another one; and whoever asks hears that it has ended.
  const stopHeartbeat = startHeartbeat(async (signal) => {
    try {
      await server.object.call('attach', [job.id, job.key.revealText()], { safe: true, signal });
    } catch (error) {
      if (!isLatchkeyError(error, 'pyro/remote')) return;
      const ended = await jobEnded(job, server, error);
      await linked.object.close(ended);
      // Those that it is linked to hear of it, and do not wait for it to come back.
      await model.lost(ended);
    }
  }, HEARTBEAT_MS);
  const model = new RemoteModel<T>({
    ...{ job, machine, linked },
    server: server.object,
    explain: (error) => explainLoss(error, { job, machine, linked, server }),
    terminateJob: async () => {
      stopHeartbeat();
      const late = AbortSignal.timeout(TERMINATE_MS);
      await Promise.race([terminateJob(), rejectWhen(late)]).catch(async (error: unknown) => {
        // Without its server it can end itself: what a model server serves has `terminate`.
        if (!linked.object.methods.includes('terminate')) throw error;
        const ended = linked.object.call('terminate', [], { timeoutMs: TERMINATE_MS });
        // A connection that has to be made again first takes longer than the call may.
        await Promise.race([ended, rejectWhen(AbortSignal.timeout(TERMINATE_MS))]);
      });
    },
    releaseServer: () => server.close(),
  });
  return model;
}

function rejectWhen(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** How a model server is shown its key: on a socket it is the handshake's token; on TCP Pyro4's HMAC, which its clients can do. */
export function proofFor(
  uri: string,
  key: Secret,
): { readonly token: Secret } | { readonly hmacKey: Secret } {
  return 'path' in parseObjectUri(uri).location ? { token: key } : { hmacKey: key };
}

function jobOf(answer: PyroValue): AllocatedJob {
  if (isPyroDict(answer)) {
    const { jobID: id, uri, key, protection } = answer;
    if (typeof id === 'string' && typeof uri === 'string' && typeof key === 'string')
      return { id, uri, key: new Secret(key), protection: protection === 'hmac' ? 'hmac' : 'token' };
  }
  throw new LatchkeyError('remote/link', 'the model server does not say how its job is reached', {
    hint: 'it may be an old one that knows only allocateJob: replace it by latchkey models run',
  });
}
