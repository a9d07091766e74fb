import { isLatchkeyError } from '../../../kit/index.ts';
import { pythonException } from '../../../pyro/index.ts';

/** The exception of Python that says most nearly what went wrong, and what the old job manager called it. */
const NAMES: Readonly<Record<string, readonly [python: string, old: string]>> = {
  'remote/full': ['builtins.BlockingIOError', 'JobManNoResourcesException'],
  'remote/draining': ['builtins.ConnectionRefusedError', 'JobManNoResourcesException'],
  'remote/unauthorised': ['builtins.PermissionError', 'JobManUnauthorisedException'],
  'remote/start-failed': ['builtins.ChildProcessError', 'JobManStartFailedException'],
  'remote/timed-out': ['builtins.TimeoutError', 'JobManTimeoutException'],
  'remote/unknown-job': ['builtins.LookupError', 'JobManUnknownJobException'],
  'remote/file': ['builtins.OSError', 'JobManFileException'],
  'remote/state': ['builtins.RuntimeError', 'JobManException'],
};

/**
 * An error as Python's clients meet it: an exception of a class that every Python has, with `code`, `name`, `hint`, `retryable` and
 * `log` (last lines of a job's log) as attributes. Other errors go on as they are.
 */
export function asPythonException(error: unknown): unknown {
  if (!isLatchkeyError(error)) return error;
  const [type, name] = (Object.hasOwn(NAMES, error.code) ? NAMES[error.code] : undefined) ?? [];
  if (type === undefined || name === undefined) return error;
  const { log } = error.details;
  return pythonException(type, error.message, {
    code: error.code,
    name,
    hint: error.hint ?? null,
    retryable: error.retryable,
    log: Array.isArray(log) ? log.map(String) : [],
  });
}
