import { LatchkeyError, type Secret } from '../../kit/index.ts';
import { type CallableObject, type Remote, type RemoteObject, remote } from '../../pyro/index.ts';
import { LINK_KEYS_OBJECT } from '../link/link-keys.ts';
import type { Place } from '../link/place.ts';
import { getFile, putFile, type TransferOptions } from '../model-server/files/transfer.ts';
import type { LinkedObject } from './linked-object.ts';
import { placeOf } from './place-uri.ts';
import { releaseAll } from './release.ts';

/** How the clients of a job show that they know its key. */
export type Protection = 'token' | 'hmac';

/** A job that a model server has started. */
export interface AllocatedJob {
  readonly id: string;
  /** As the machine of the job names it. */
  readonly uri: string;
  readonly key: Secret;
  readonly protection: Protection;
}

/** What a remote model is made of. */
export interface RemoteModelParts {
  readonly job: AllocatedJob;
  readonly machine: string;
  readonly linked: LinkedObject;
  /** Its model server; absent for an application without one. */
  readonly server?: RemoteObject;
  /** What a failed call is told as, once it is known what became of the job. */
  readonly explain?: (error: unknown) => Promise<unknown>;
  /** Ends the job at its server. */
  readonly terminateJob: () => Promise<unknown>;
  /** Gives back what only this model uses of the way to its server. */
  readonly releaseServer: () => Promise<unknown>;
}

/**
 * An application on another machine, with all that it needs: its job, its connection and the links to it. `terminate`, or leaving the
 * scope of `await using`, gives all of it back, also when a part is broken.
 *
 * @typeParam T what the application can do; every call is a promise
 */
export class RemoteModel<T extends object> {
  /** The application's own methods. */
  readonly model: Remote<T>;
  readonly machine: string;
  readonly #parts: RemoteModelParts;
  readonly #before = new Set<(why?: LatchkeyError) => Promise<unknown>>();
  #terminating: Promise<void> | undefined;

  constructor(parts: RemoteModelParts) {
    this.#parts = parts;
    this.machine = parts.machine;
    const { object } = parts.linked;
    this.model = remote<T>(parts.explain === undefined ? object : explained(object, parts.explain));
  }

  get jobId(): string {
    return this.#parts.job.id;
  }

  /** For calls that {@link model} has no words for: time-outs, signals, batches. */
  get object(): RemoteObject {
    return this.#parts.linked.object;
  }

  /** Where it listens, on its own machine. */
  get place(): Place {
    return placeOf(this.#parts.job.uri, this.machine);
  }

  /** What those must know that connect to it. */
  get access(): { readonly key: Secret; readonly protection: Protection } {
    return this.#parts.job;
  }

  /** True when it can be told the keys of other models. */
  async linkKeys(): Promise<RemoteObject | undefined> {
    return await this.object.sibling(LINK_KEYS_OBJECT).catch(() => undefined);
  }

  /**
   * Puts a local file into the job's directory, where the model runs.
   *
   * @param path relative to that directory
   * @throws as `putFile` does
   */
  async putFile(localFile: string, path: string, options: TransferOptions = {}): Promise<void> {
    await putFile(this.#server, this.jobId, localFile, path, { key: this.access.key, ...options });
  }

  /** Fetches a file of the job's directory. @throws as `getFile` does */
  async getFile(path: string, localFile: string, options: TransferOptions = {}): Promise<void> {
    await getFile(this.#server, this.jobId, path, localFile, { key: this.access.key, ...options });
  }

  /** The last lines of what the model has said. */
  async log(lines = 50): Promise<readonly string[]> {
    const said = await this.#server.call('getJobLog', [this.jobId, lines, this.access.key.revealText()]);
    return (said as readonly string[]).map(String);
  }

  /** Has something done before the model goes, such as taking down what leads to it; returns what takes that back. */
  onTerminate(step: (why?: LatchkeyError) => Promise<unknown>): () => void {
    this.#before.add(step);
    return () => this.#before.delete(step);
  }

  /** Its job is gone: what leads to it is taken down, with the reason. Everything else goes with {@link terminate}. */
  async lost(why: LatchkeyError): Promise<void> {
    await Promise.allSettled([...this.#before].map((run) => run(why)));
  }

  /**
   * Links of others to it go first, then the job, then the connection, then the ways there: each step still has the way it needs.
   * Idempotent.
   *
   * @throws what could not be given back; everything else is given back all the same
   */
  terminate(): Promise<void> {
    this.#terminating ??= releaseAll([
      ...[...this.#before].map((run) => ({ what: 'what is connected to the model', run: () => run() })),
      { what: `the job ${this.jobId}`, run: this.#parts.terminateJob },
      { what: 'the connection to the model', run: () => this.#parts.linked.object.close() },
      { what: 'the link to the model', run: () => this.#parts.linked.link.close() },
      { what: 'the way to the model server', run: this.#parts.releaseServer },
    ]);
    return this.#terminating;
  }

  get #server(): RemoteObject {
    if (this.#parts.server !== undefined) return this.#parts.server;
    throw new LatchkeyError('remote/link', `${this.jobId} has no model server`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate();
  }
}

/** The same object, whose calls fail with what is known of the reason. */
function explained(object: RemoteObject, explain: (error: unknown) => Promise<unknown>): CallableObject {
  const told = <T>(call: Promise<T>): Promise<T> =>
    call.catch(async (error: unknown) => {
      throw await explain(error);
    });
  return {
    get attributes() {
      return object.attributes;
    },
    get methods() {
      return object.methods;
    },
    get oneway() {
      return object.oneway;
    },
    get: (attribute, options) => told(object.get(attribute, options)),
    send: (method, args, options) => told(object.send(method, args, options)),
    either: (method, args) => told(object.either(method, args)),
  };
}
