import type { CallContext, CallPeer, Exposed } from './exposed.ts';
import { pythonException, type RemoteError } from './remote-exception.ts';
import type { PyroDict, PyroValue } from './value.ts';

/** One call while it is answered. */
export class ServerCall implements CallContext {
  readonly peer: CallPeer;
  readonly object: string;
  method: string;
  readonly annotations: ReadonlyMap<string, Uint8Array>;
  /** The connection it came over. */
  readonly connection: object;
  readonly startedAt: number;
  #controller: AbortController | undefined;
  #abortedWith: Error | undefined;

  constructor(
    peer: CallPeer,
    connection: object,
    object: string,
    method: string,
    annotations: ReadonlyMap<string, Uint8Array>,
    startedAt: number,
  ) {
    this.peer = peer;
    this.connection = connection;
    this.object = object;
    this.method = method;
    this.annotations = annotations;
    this.startedAt = startedAt;
  }

  /** Made when somebody asks: most methods never do. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortedWith !== undefined) this.#controller.abort(this.#abortedWith);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#abortedWith ??= reason;
    this.#controller?.abort(reason);
  }
}

const NO_KWARGS: PyroDict = Object.freeze({});

/**
 * Does what is asked of an object: a method's result, which may be a promise, or an attribute.
 *
 * @throws RemoteError AttributeError in Pyro's own words for what is not exposed; and what the method throws
 */
export function perform(
  exposed: Exposed,
  args: readonly PyroValue[],
  kwargs: PyroDict | null,
  call: ServerCall,
): unknown {
  const { method } = call;
  const found = exposed.methods.get(method);
  if (found !== undefined) return found(args, kwargs ?? NO_KWARGS, call);
  if (method === '__getattr__') {
    const get = attributeOf(exposed, args[0])?.get;
    if (get === undefined) throw unknownAttribute(args[0]);
    return get(call);
  }
  if (method === '__setattr__') {
    const set = attributeOf(exposed, args[0])?.set;
    if (set === undefined) throw unknownAttribute(args[0]);
    return nothingAfter(set(args[1] ?? null, call));
  }
  throw attributeError(
    method.startsWith('_')
      ? `attempt to access private attribute '${method}'`
      : `attempt to access unexposed attribute '${method}'`,
  );
}

function attributeOf(exposed: Exposed, name: PyroValue | undefined) {
  return typeof name === 'string' ? exposed.attributes.get(name) : undefined;
}

function unknownAttribute(name: PyroValue | undefined): RemoteError {
  return attributeError(`attempt to access unexposed or unknown remote attribute '${String(name)}'`);
}

function attributeError(message: string): RemoteError {
  return pythonException('builtins.AttributeError', message);
}

/** Setting answers None, whatever the setter returns. */
function nothingAfter(result: unknown): unknown {
  return isPromise(result) ? result.then(() => null) : null;
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
