import { callOfTuple, callTuple } from '../call-shape.ts';
import type { Serializer } from '../serializer.ts';
import { readMarshal } from './marshal-reader.ts';
import { writeMarshal } from './marshal-writer.ts';

/** Marshal: Python's own format for the data of compiled modules. Only the data is read and written; code is refused. */
export const marshal: Serializer = {
  name: 'marshal',
  idOf: (version) => (version === 4 ? 3 : 2),
  encode: writeMarshal,
  decode: readMarshal,
  encodeCall: (call) => writeMarshal(callTuple(call)),
  decodeCall: (bytes, limits) => callOfTuple(readMarshal(bytes, limits)),
};
