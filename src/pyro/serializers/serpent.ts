import { callOfTuple, callTuple } from '../call-shape.ts';
import type { Serializer } from '../serializer.ts';
import { readSerpent } from './serpent-reader.ts';
import { writeSerpent } from './serpent-writer.ts';

/** Serpent: literals of Python as text. What both versions of Pyro speak unless told otherwise. */
export const serpent: Serializer = {
  name: 'serpent',
  idOf: () => 1,
  encode: writeSerpent,
  decode: readSerpent,
  encodeCall: (call) => writeSerpent(callTuple(call)),
  decodeCall: (bytes, limits) => callOfTuple(readSerpent(bytes, limits)),
};
