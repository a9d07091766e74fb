/**
 * `latchkey/pyro`: the object wire: the protocol of Pyro, versions 4 and 5, as bytes in and values out, and what lives on it: remote objects,
 * exposed objects, and the server that makes them callable. It knows nothing of name servers, tunnels or jobs, makes no object of a class by
 * its name, and never reads pickle.
 */

export type { CallOptions, ConnectOptions, Publisher, ReconnectPolicy } from './connect-options.ts';
export type { DecodeLimits } from './decode-budget.ts';
export { type Dial, dialSocket } from './dial.ts';
export {
  type CallContext,
  type CallPeer,
  Exposed,
  type ExposedAttribute,
  type ExposedMembers,
  type ExposedMethod,
  type ExposedTable,
  expose,
  type ObjectMetadata,
} from './exposed.ts';
export {
  DEFAULT_MAX_FRAME_BYTES,
  type EncodeFrameOptions,
  encodeFrame,
  type Frame,
  type FrameFlags,
  type FrameType,
} from './frame.ts';
export { FrameReader, type FrameReaderOptions } from './frame-reader.ts';
export { ObjectReference, referenceOf } from './object-reference.ts';
export { ObjectServer, type ObjectServerOptions } from './object-server.ts';
export {
  isExceptionValue,
  pythonException,
  RemoteError,
  remoteErrorOf,
  valueOfError,
  valueOfWrapped,
  wrappedException,
} from './remote-exception.ts';
export { type BatchedCall, connectObject, RemoteObject } from './remote-object.ts';
export type { Call, CallInput, PyroVersion, Serializer, SerializerName } from './serializer.ts';
export { serializerNamed, serializerOf, serializers } from './serializers.ts';
export type { Authorize, ServerLimits } from './server-ground.ts';
export { type CallableObject, type Remote, remote } from './typed-proxy.ts';
export {
  formatLocation,
  formatPyroUri,
  NAME_SERVER_PORT,
  type NameUri,
  type ObjectUri,
  PassedUri,
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
export type { Converter } from './value-passing.ts';
