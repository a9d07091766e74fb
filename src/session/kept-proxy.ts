import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Delivery, Held, Credential as Kept, Lease, Source } from '../keeper/index.ts';
import { LatchkeyError, writeFileAtomic } from '../kit/index.ts';
import { formatCredential, readProxyFile } from '../x509/index.ts';
import type { CurrentCredential } from './entry.ts';
import type { Surroundings } from './surroundings.ts';

/** A proxy that the session makes itself, and makes again before it ends. */
export interface ProxyMaking {
  /** The beginning of its file's name and of its lease's: `my-proxy`. */
  readonly name: string;
  readonly owner: string;
  /** Who gives it, for people; one breaker each. */
  readonly provider: string;
  readonly authority: string;
  /** For messages: `the proxy of "jane" from localhost:7512`. */
  readonly what: string;
  readonly first: Kept;
  /** @param path where the proxy of before is */
  make(path: string, signal: AbortSignal | undefined): Promise<Kept>;
}

/** The parts of a context that such a proxy makes up. */
export interface KeptProxy {
  /** In the session's private directory. */
  readonly path: string;
  readonly current: CurrentCredential;
  release(): Promise<void>;
}

/** Writes the first proxy, and has the keeper renew it. */
export async function keepProxy(making: ProxyMaking, where: Surroundings): Promise<KeptProxy> {
  const { owner, provider, what, first } = making;
  const id = `session/${making.name}-${where.nextName()}`;
  const path = join(await where.directory(), `${id.replace(/.*\//, '')}.pem`);
  const delivery = fileDelivery(path);
  const lease: Lease = { id, owner, kind: 'x509-proxy', provider };
  await delivery.deliver(lease, first);
  first.bytes.wipe();
  let current = heldOf(first);
  const source: Source = {
    authority: making.authority,
    isLocal: false,
    obtain: async (_lease, abort) => {
      const made = await making.make(path, abort);
      current = heldOf(made);
      return made;
    },
  };
  const keeper = where.keeper();
  keeper.hold(lease, source, delivery, current);
  const read = async (): Promise<Kept> => ({ ...current, bytes: await bytesOf(path) });
  return {
    path,
    current: {
      isRenewable: true,
      expiresAt: () => current.expiresAt,
      read: async (abort) => {
        abort?.throwIfAborted();
        if (!isNearEnd(current, where.clock.now())) return await read();
        const { lastError } = await keeper.renewNow(id);
        if ((current.expiresAt?.getTime() ?? 0) > where.clock.now().getTime()) return await read();
        throw new LatchkeyError('proxy/expired', `${what} has ended and was not renewed`, {
          retryable: true,
          ...(lastError === undefined ? {} : { hint: lastError.message, details: { lastError } }),
        });
      },
    },
    release: async () => {
      keeper.release(id);
      await delivery.withdraw(lease);
    },
  };
}

async function bytesOf(path: string): Promise<Kept['bytes']> {
  return formatCredential(await readProxyFile(path));
}

function fileDelivery(path: string): Delivery {
  return {
    deliver: async (_lease, { bytes }) => await writeFileAtomic(path, bytes.reveal(), 0o600),
    withdraw: async () => await rm(path, { force: true }),
  };
}

/** In the last tenth of its life, or within a minute of its end. */
function isNearEnd({ issuedAt, expiresAt }: Held, now: Date): boolean {
  if (expiresAt === undefined) return false;
  const life = expiresAt.getTime() - issuedAt.getTime();
  return expiresAt.getTime() - now.getTime() < Math.min(life / 10, 60_000);
}

function heldOf({ bytes: _bytes, ...held }: Kept): Held {
  return held;
}
