import type { DecodeLimits } from './decode-budget.ts';
import type { PyroInput, PyroValue } from './value.ts';

/** The two versions of the protocol: Pyro4's (48) and Pyro5's (502). */
export type PyroVersion = 4 | 5;

export type SerializerName = 'serpent' | 'json' | 'marshal' | 'msgpack';

/** A call as it is asked for. */
export interface CallInput {
  readonly object: string;
  readonly method: string;
  readonly args: readonly PyroInput[];
  /** Null for the calls that Pyro makes so: `__getattr__`, `__setattr__`, `<batch>`. */
  readonly kwargs: { readonly [name: string]: PyroInput } | null;
}

/** A call as it arrived. */
export interface Call {
  readonly object: string;
  readonly method: string;
  readonly args: readonly PyroValue[];
  readonly kwargs: { readonly [name: string]: PyroValue } | null;
}

/** One way to write values as bytes. Data only: nothing that is decoded can run, and nothing is instantiated. */
export interface Serializer {
  readonly name: SerializerName;
  /** Its number in the frames of a version of the protocol. */
  idOf(version: PyroVersion): number;
  /** @throws LatchkeyError `pyro/value` for what this serializer cannot write; TypeError for what no serializer can */
  encode(value: PyroInput): Uint8Array;
  /** @throws LatchkeyError `pyro/malformed`, `pyro/too-large` */
  decode(bytes: Uint8Array, limits?: DecodeLimits): PyroValue;
  encodeCall(call: CallInput): Uint8Array;
  decodeCall(bytes: Uint8Array, limits?: DecodeLimits): Call;
}
