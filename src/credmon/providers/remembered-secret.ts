import { randomBytes } from 'node:crypto';
import { openBytes, Secret, sealBytes, sealingKeys } from '../../kit/index.ts';

/** A secret that lies sealed in memory. */
export interface Remembered {
  recall(): Secret;
}

/** Seals under a key that is made now and lives in this process only: a core file or swapped page alone does not show them. */
export function secretMemory(): (secret: Secret) => Remembered {
  const keys = sealingKeys([new Secret(randomBytes(32))]);
  return (secret) => {
    const sealed = sealBytes(keys, secret, []);
    return { recall: () => openBytes(keys, sealed, []) };
  };
}
