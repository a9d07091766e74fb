/**
 * The MyProxy wire format: every message as a value, and the reader that cuts a stream of bytes into messages.
 * Pure but for the reader's grace time, which goes by a clock. It knows no sockets, no policies and no credentials.
 */
export {
  AUTHORIZATION_METHODS,
  type AuthorizationMethodRow,
  type AuthorizationReply,
  encodeAuthorizationReply,
  parseAuthorizationReply,
} from './authorization-reply.ts';
export { encodeChain, MAX_CHAIN_LENGTH, parseChain } from './chain.ts';
export { COMMANDS, type Command, type CommandRow, commandOfNumber, commandRow } from './command.ts';
export type { CredentialInfo } from './credential-info.ts';
export { MessageReader, type MessageReaderOptions } from './message-reader.ts';
export {
  encodeRequest,
  MAX_PASS_PHRASE_BYTES,
  parseRequest,
  type Request,
  requestErrorLines,
} from './request.ts';
export { type Challenge, encodeResponse, parseResponse, type Response } from './response.ts';
export { type ByteSource, byteSourceOf, type PeerInfo, type Wire } from './wire.ts';
