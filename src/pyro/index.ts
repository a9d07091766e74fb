/**
 * `latchkey/pyro`: the wire of Pyro, versions 4 and 5, as bytes in and values out: frames, serializers, URIs, exceptions.
 * It knows nothing of sockets, proxies or daemons, makes no object of a class, and never reads pickle.
 */
export type { DecodeLimits } from './decode-budget.ts';
export {
  DEFAULT_MAX_FRAME_BYTES,
  type EncodeFrameOptions,
  encodeFrame,
  type Frame,
  type FrameFlags,
  type FrameType,
} from './frame.ts';
export { FrameReader, type FrameReaderOptions } from './frame-reader.ts';
export {
  isExceptionValue,
  pythonException,
  RemoteError,
  remoteErrorOf,
  valueOfError,
  valueOfWrapped,
  wrappedException,
} from './remote-exception.ts';
export type { Call, CallInput, PyroVersion, Serializer, SerializerName } from './serializer.ts';
export { serializerNamed, serializerOf, serializers } from './serializers.ts';
export {
  formatLocation,
  formatPyroUri,
  NAME_SERVER_PORT,
  type NameUri,
  type ObjectUri,
  type PyroLocation,
  type PyroUri,
  parseObjectUri,
  parsePyroUri,
  type TagsUri,
  uriOfValue,
  valueOfUri,
} from './uri.ts';
export {
  classNameOf,
  float,
  isPyroDict,
  type NumericArray,
  PyComplex,
  type PyFloat,
  type PyroDict,
  type PyroInput,
  type PyroValue,
  type PyTuple,
  tuple,
} from './value.ts';
