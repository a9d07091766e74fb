import { isLatchkeyError, LatchkeyError, printable, quote } from '../kit/index.ts';
import type { PyroVersion } from './serializer.ts';
import { classNameOf, isPyroDict, type PyroDict, type PyroInput, type PyroValue, tuple } from './value.ts';

const MAX_MESSAGE = 2000;
const MAX_HINT = 500;
const MAX_TRACEBACK_LINES = 1000;

/** An exception of a remote object. It is data: no class is looked up by its name, so those of the peer's own arrive too. */
export class RemoteError extends LatchkeyError {
  /** The class as the peer names it: `builtins.ValueError`, `Pyro4.errors.NamingError`, `__main__.MyError`. */
  readonly remoteType: string;
  readonly args: readonly PyroValue[];
  /** The remote traceback, one or more lines an entry; may be empty. Not part of the message: it tells of the peer's files. */
  readonly traceback: readonly string[];
  /** What else the exception had. */
  readonly attributes: PyroDict;

  constructor(
    remoteType: string,
    args: readonly PyroValue[],
    traceback: readonly string[],
    attributes: PyroDict,
  ) {
    super('pyro/remote', messageOf(remoteType, args), {
      details: { remoteType },
      ...hintOf(attributes),
      retryable: attributes.retryable === true,
    });
    this.remoteType = remoteType;
    this.args = args;
    this.traceback = traceback;
    this.attributes = attributes;
  }

  /** `ValueError` for `builtins.ValueError`. */
  get shortType(): string {
    return this.remoteType.slice(this.remoteType.lastIndexOf('.') + 1);
  }
}

/** Programs of ours say what to do; see {@link valueOfError}. */
function hintOf({ hint }: PyroDict): { readonly hint?: string } {
  return typeof hint === 'string' && hint !== '' ? { hint: printable(hint.slice(0, MAX_HINT)) } : {};
}

/** True for a dict that stands for an exception. */
export function isExceptionValue(value: PyroValue): value is PyroDict {
  return classNameOf(value) !== undefined && (value as PyroDict).__exception__ === true;
}

/** The error that a dict stands for. What is no exception dict becomes one of the type `unknown` that has it as its argument. */
export function remoteErrorOf(value: PyroValue): RemoteError {
  const wrapped = wrappedException(value);
  if (wrapped !== undefined) return remoteErrorOf(wrapped);
  const remoteType = classNameOf(value);
  if (remoteType === undefined || !isPyroDict(value)) return new RemoteError('unknown', [value], [], {});
  const args = Array.isArray(value.args) ? (value.args as readonly PyroValue[]) : [];
  const given = value.attributes;
  const { _pyroTraceback: lines, ...attributes }: Record<string, PyroValue> =
    given !== undefined && isPyroDict(given) ? { ...given } : {};
  const traceback = Array.isArray(lines)
    ? (lines as readonly PyroValue[]).filter((line) => typeof line === 'string').slice(0, MAX_TRACEBACK_LINES)
    : [];
  return new RemoteError(remoteType, args, traceback, attributes);
}

/** The exception of an entry in the answer to a batch, which stands there instead of a result; undefined for a result. */
export function wrappedException(value: PyroValue): PyroValue | undefined {
  const name = classNameOf(value);
  if (name !== 'Pyro4.futures._ExceptionWrapper' && name !== 'Pyro5.core._ExceptionWrapper') return undefined;
  return (value as PyroDict).exception ?? null;
}

/** The entry of a batch's answer for a call that failed. */
export function valueOfWrapped(error: unknown, version: PyroVersion): PyroInput {
  const name = version === 4 ? 'Pyro4.futures._ExceptionWrapper' : 'Pyro5.core._ExceptionWrapper';
  return { __class__: name, exception: valueOfError(error, version) };
}

/** Families of exceptions that Pyro makes again at the client. It refuses to read any other. */
const KNOWN_FAMILIES = /^(builtins|exceptions)\.[A-Za-z]+$|^Pyro[45]\.errors\.[A-Za-z]+$/;

/**
 * The dict by which an error goes to a Pyro client, as a class that the client knows.
 * A {@link RemoteError} goes on as it came; a LatchkeyError as `RuntimeError` with its code, hint and `retryable` as attributes; TypeError and
 * RangeError as TypeError and ValueError; anything else as `RuntimeError` with its message. Causes and stacks stay here.
 */
export function valueOfError(error: unknown, version: PyroVersion, traceback?: readonly string[]): PyroInput {
  if (error instanceof RemoteError) {
    const known = KNOWN_FAMILIES.test(error.remoteType);
    const lines = traceback ?? error.traceback;
    return exceptionDict(
      known ? error.remoteType.replace(/^Pyro[45]/, `Pyro${version}`) : 'builtins.RuntimeError',
      known ? error.args : [error.message],
      { ...error.attributes, ...(known ? {} : { remoteType: error.remoteType }) },
      lines,
    );
  }
  if (isLatchkeyError(error)) {
    const attributes = { code: error.code, hint: error.hint ?? null, retryable: error.retryable };
    return exceptionDict('builtins.RuntimeError', [error.message], attributes, traceback);
  }
  const message = error instanceof Error ? error.message : String(error);
  return exceptionDict(PYTHON_NAME.get(nameOf(error)) ?? 'builtins.RuntimeError', [message], {}, traceback);
}

/** An exception of the given Python class, for servers that have to answer as Pyro's own do: `Pyro4.errors.NamingError`. */
export function pythonException(remoteType: string, message: string, attributes: PyroDict = {}): RemoteError {
  return new RemoteError(remoteType, [message], [], attributes);
}

const PYTHON_NAME: ReadonlyMap<string, string> = new Map([
  ['TypeError', 'builtins.TypeError'],
  ['RangeError', 'builtins.ValueError'],
]);

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

function exceptionDict(
  type: string,
  args: readonly PyroInput[],
  attributes: { readonly [key: string]: PyroInput },
  traceback: readonly string[] = [],
): PyroInput {
  return {
    __class__: type,
    __exception__: true,
    args: tuple(...args),
    attributes: { ...attributes, _pyroTraceback: [...traceback] },
  };
}

function messageOf(remoteType: string, args: readonly PyroValue[]): string {
  const type = printable(remoteType.slice(remoteType.lastIndexOf('.') + 1).slice(0, 200));
  if (args.length === 0) return type;
  const [first] = args;
  const text =
    args.length === 1 && typeof first === 'string' ? printable(first) : args.map(argumentText).join(', ');
  return `${type}: ${text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text}`;
}

function argumentText(value: PyroValue): string {
  if (typeof value === 'string') return quote(value);
  if (value === null || typeof value !== 'object') return String(value);
  return Array.isArray(value) ? `a list of ${value.length}` : (classNameOf(value) ?? 'a dict, set or bytes');
}
