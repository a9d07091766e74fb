import { LatchkeyError } from '../kit/index.ts';
import type { PyroVersion, Serializer, SerializerName } from './serializer.ts';
import { json } from './serializers/json.ts';
import { marshal } from './serializers/marshal.ts';
import { msgpack } from './serializers/msgpack.ts';
import { serpent } from './serializers/serpent.ts';

/** The serializers there are, by name. */
export const serializers: Readonly<Record<SerializerName, Serializer>> = { serpent, json, marshal, msgpack };

const BY_NUMBER: Readonly<Record<PyroVersion, ReadonlyMap<number, Serializer>>> = {
  4: new Map(Object.values(serializers).map((serializer) => [serializer.idOf(4), serializer])),
  5: new Map(Object.values(serializers).map((serializer) => [serializer.idOf(5), serializer])),
};

/** Numbers of Pyro4's serializers whose payloads are programs. Pyro5 has none. */
const CODE_CARRYING: ReadonlyMap<number, string> = new Map([
  [4, 'pickle'],
  [5, 'dill'],
  [7, 'cloudpickle'],
]);

/**
 * The serializer that a frame's number stands for.
 *
 * @throws LatchkeyError `pyro/serializer` for pickle, dill and cloudpickle, which are refused always, and for unknown numbers
 */
export function serializerOf(version: PyroVersion, id: number): Serializer {
  const serializer = BY_NUMBER[version].get(id);
  if (serializer !== undefined) return serializer;
  const refused = version === 4 ? CODE_CARRYING.get(id) : undefined;
  if (refused !== undefined)
    throw new LatchkeyError(
      'pyro/serializer',
      `the peer speaks ${refused}, which is never read: a message in it can run any program here`,
      {
        hint: `set Pyro4.config.SERIALIZER = "serpent" there (or PYRO_SERIALIZER=serpent in its environment)`,
      },
    );
  throw new LatchkeyError(
    'pyro/serializer',
    `there is no serializer ${id} in version ${version} of the protocol`,
    {
      hint: `known are ${Object.values(serializers)
        .map((s) => `${s.name} (${s.idOf(version)})`)
        .join(', ')}`,
    },
  );
}

/**
 * The serializer of that name, for settings.
 *
 * @throws LatchkeyError `pyro/serializer`
 */
export function serializerNamed(name: string): Serializer {
  if (Object.hasOwn(serializers, name)) return serializers[name as SerializerName];
  const isCode = [...CODE_CARRYING.values()].includes(name);
  throw new LatchkeyError(
    'pyro/serializer',
    isCode
      ? `${name} is never spoken: a message in it can run any program on the machine that reads it`
      : `there is no serializer ${JSON.stringify(name)}`,
    { hint: `use one of ${Object.keys(serializers).join(', ')}` },
  );
}
