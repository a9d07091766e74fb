import type { Exposed } from './exposed.ts';
import type { RemoteObject } from './remote-object.ts';
import { RemoteStream } from './remote-stream.ts';
import type { PyroValue } from './value.ts';

type AnyFunction = (...args: never[]) => unknown;

/** What a method gives when it is called from elsewhere. */
type RemoteResult<R> = [R] extends [AsyncGenerator<infer I> | Generator<infer I> | AsyncIterator<infer I>]
  ? AsyncIterableIterator<I>
  : Promise<Arrived<Awaited<R>>>;

/** An exposed object arrives as a reference, for `follow`; anything else as it is. */
type Arrived<T> = T extends Exposed ? PyroValue : T;

/** The interface `T` as seen from elsewhere: methods give promises, generator methods async iterables; attributes are read as promises. */
export type Remote<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R
    ? (...args: A) => RemoteResult<R>
    : Promise<T[K]>;
};

/**
 * What JavaScript asks objects for by itself. An object that is awaited must not be taken for a promise; one that is logged or put together with a
 * text must not be called, least of all by a name that its server made up. Such methods are reached by {@link RemoteObject.call}.
 */
const ASKED_BY_LANGUAGE: ReadonlySet<string> = new Set(['then', 'toJSON', 'toString', 'valueOf']);

/** What {@link remote} needs of an object. */
export type CallableObject = Pick<
  RemoteObject,
  'attributes' | 'methods' | 'oneway' | 'get' | 'send' | 'either'
>;

/**
 * Calls a remote object as if it were here: `await thermal.solveStep(step)`, `for await (const item of log.lines())`, `await thermal.time`.
 * Nothing is checked against `T`: it is the caller's word. Attributes are written with {@link RemoteObject.set}.
 */
export function remote<T extends object>(object: CallableObject): Remote<T> {
  const attributes = new Set(object.attributes);
  const methods = new Map<string, AnyFunction>();
  return new Proxy(Object.create(null), {
    get: (_, name) => {
      if (typeof name !== 'string' || ASKED_BY_LANGUAGE.has(name)) return undefined;
      if (attributes.has(name)) return object.get(name);
      let method = methods.get(name);
      if (method === undefined) {
        method = object.oneway.includes(name)
          ? (...args: unknown[]) => object.send(name, args)
          : (...args: unknown[]) => new Outcome(object.either(name, args), name);
        methods.set(name, method);
      }
      return method;
    },
    has: (_, name) => attributes.has(String(name)) || object.methods.includes(String(name)),
    set: () => false,
  }) as Remote<T>;
}

/** What a call gave: to be awaited, or iterated. The call is on its way already. */
class Outcome implements PromiseLike<PyroValue>, AsyncIterable<PyroValue> {
  readonly #answer: Promise<PyroValue | RemoteStream>;
  readonly #method: string;

  constructor(answer: Promise<PyroValue | RemoteStream>, method: string) {
    this.#answer = answer;
    this.#method = method;
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise for those who await it
  then<A = PyroValue, B = never>(
    resolved?: ((value: PyroValue) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#value().then(resolved, rejected);
  }

  catch<B>(rejected: (reason: unknown) => B | PromiseLike<B>): Promise<PyroValue | B> {
    return this.#value().catch(rejected);
  }

  finally(done: () => void): Promise<PyroValue> {
    return this.#value().finally(done);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<PyroValue, void, undefined> {
    const answer = await this.#answer;
    if (!(answer instanceof RemoteStream)) throw new TypeError(`${this.#method} gives a value: await it`);
    yield* answer;
  }

  async next(): Promise<IteratorResult<PyroValue>> {
    return await (await this.#stream()).next();
  }

  async return(): Promise<IteratorResult<PyroValue>> {
    return await (await this.#stream()).return();
  }

  async #stream(): Promise<RemoteStream> {
    const answer = await this.#answer;
    if (answer instanceof RemoteStream) return answer;
    throw new TypeError(`${this.#method} gives a value: await it`);
  }

  async #value(): Promise<PyroValue> {
    const answer = await this.#answer;
    if (!(answer instanceof RemoteStream)) return answer;
    await answer.return();
    throw new TypeError(`${this.#method} gives a stream: use for await`);
  }
}
