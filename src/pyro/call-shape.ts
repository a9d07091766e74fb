import { LatchkeyError, quote } from '../kit/index.ts';
import type { Call, CallInput } from './serializer.ts';
import { isPyroDict, type PyroInput, type PyroValue, PyTuple } from './value.ts';

/** A call as serpent, marshal and msgpack write it: `(object, method, args, kwargs)`. */
export function callTuple(call: CallInput): PyTuple {
  return new PyTuple([call.object, call.method, new PyTuple(call.args), call.kwargs as PyroInput]);
}

/** The call that a decoded 4-tuple stands for. */
export function callOfTuple(value: PyroValue): Call {
  if (!Array.isArray(value) || value.length !== 4)
    throw malformed(`a call is a tuple of four, not ${describe(value)}`);
  return checkedCall(value[0], value[1], value[2], value[3]);
}

/** A call as json writes it. */
export function callDict(call: CallInput): { readonly [key: string]: PyroInput } {
  return { object: call.object, method: call.method, params: call.args, kwargs: call.kwargs };
}

/** The call that a decoded json object stands for. */
export function callOfDict(value: PyroValue): Call {
  if (!isPyroDict(value))
    throw malformed(`a call is an object of object, method, params and kwargs, not ${describe(value)}`);
  return checkedCall(value.object, value.method, value.params, value.kwargs);
}

function checkedCall(
  object: PyroValue | undefined,
  method: PyroValue | undefined,
  args: PyroValue | undefined,
  kwargs: PyroValue | undefined,
): Call {
  if (typeof object !== 'string') throw malformed(`the object of a call is text, not ${describe(object)}`);
  if (typeof method !== 'string') throw malformed(`the method of a call is text, not ${describe(method)}`);
  if (!Array.isArray(args)) throw malformed(`the arguments of a call are a list, not ${describe(args)}`);
  if (kwargs !== null && !isPyroDict(kwargs))
    throw malformed(`the named arguments of a call are a dict with text keys, not ${describe(kwargs)}`);
  return { object, method, args: args as readonly PyroValue[], kwargs };
}

function malformed(message: string): LatchkeyError {
  return new LatchkeyError('pyro/malformed', message);
}

function describe(value: PyroValue | undefined): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return quote(value, 40);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' ? 'a dict, set or bytes' : `a ${typeof value}`;
}
