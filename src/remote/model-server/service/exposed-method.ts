import type { CallContext, ExposedMethod } from '../../../pyro/index.ts';
import type { Caller } from '../caller.ts';
import { Arguments } from './arguments.ts';
import { asPythonException } from './python-names.ts';

/** One method of the server, by its checked arguments and its caller. */
export type Method = (given: Arguments, caller: Caller, context: CallContext) => unknown;

/** The method as the wire calls it: arguments by place or name, errors as exceptions that Python knows. */
export function exposedMethod(names: readonly string[], method: Method, isOperator: boolean): ExposedMethod {
  return async (args, kwargs, context) => {
    try {
      const given = new Arguments(names, args, kwargs);
      const { peer } = context;
      // What a client calls its user opens nothing; limits are counted by it, for want of anything better.
      const identity = isOperator
        ? 'operator'
        : ((names.includes('user') ? given.optionalText('user') : undefined) ?? peer.address);
      return await method(given, { identity, isOperator, connection: peer, closed: peer.closed }, context);
    } catch (error) {
      throw asPythonException(error);
    }
  };
}
