import { lstatSync, type Stats } from 'node:fs';
import type { Delivery, Lease } from '../keeper/index.ts';
import { LatchkeyError } from '../kit/index.ts';
import type { CredentialDirectory } from './directory.ts';
import { inUserDirectory } from './directory-files.ts';
import { readLeaseId } from './lease-name.ts';

/** A user's directory before and after a writing of ours. */
export interface OwnChange {
  readonly before: Stats;
  readonly after: Stats;
}

/** Who hears of deliveries. */
export interface DeliveryListener {
  delivered(user: string, stem: string, change: OwnChange): void;
  /** Nobody wants it any more: `.top`, or the whole directory, went while it was being made. */
  vanished(user: string, stem: string): void;
}

/**
 * Delivers to `<user>/<stem>.use`: 0400, our own, by rename, so that readers see the old or the new and never a half.
 * Not synced to the disk: a token can be made again, and a torn file is noticed at the next start.
 */
export function createUseDelivery(directory: CredentialDirectory, listener: DeliveryListener): Delivery {
  return {
    deliver: async (lease, credential) => {
      const { user, stem } = readLeaseId(lease.id);
      const change = inUserDirectory(directory, user, (opened) => {
        // Deleted meanwhile: what is not wanted must not come back.
        if (lstatSync(opened.pathOf(`${stem}.top`), { throwIfNoEntry: false }) === undefined)
          return undefined;
        opened.write(`${stem}.use`, credential.bytes.reveal());
        return { before: opened.stats, after: opened.statsNow() };
      });
      if (change === undefined) {
        listener.vanished(user, stem);
        throw gone(lease);
      }
      listener.delivered(user, stem, change);
    },
    withdraw: async (lease) => {
      const { user, stem } = readLeaseId(lease.id);
      inUserDirectory(directory, user, (opened) => opened.remove(`${stem}.use`));
    },
  };
}

function gone(lease: Lease): LatchkeyError {
  return new LatchkeyError('credmon/not-found', `${lease.id} was deleted while its token was being made`);
}
