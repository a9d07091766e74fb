import { callOfTuple, callTuple } from '../call-shape.ts';
import type { Serializer } from '../serializer.ts';
import { readMsgpack } from './msgpack-reader.ts';
import { writeMsgpack } from './msgpack-writer.ts';

/** MessagePack, with the extensions of Pyro: complex numbers, integers of any size, dates. Sets and tuples become lists. */
export const msgpack: Serializer = {
  name: 'msgpack',
  idOf: (version) => (version === 4 ? 6 : 4),
  encode: writeMsgpack,
  decode: readMsgpack,
  encodeCall: (call) => writeMsgpack(callTuple(call)),
  decodeCall: (bytes, limits) => callOfTuple(readMsgpack(bytes, limits)),
};
