import type { PyroDict, PyroValue } from '../../pyro/index.ts';
import type { RegistryEntry } from './entry.ts';
import type { StoredEntry } from './registry-table.ts';

/** An entry as one registry of ours tells another program of ours. */
export interface EntryOnWire extends RegistryEntry {
  /** True when only its owner can change it. */
  readonly isOwned: boolean;
  /** Seconds until it goes without a heartbeat; absent: it stays. */
  readonly endsInSeconds?: number;
}

/** The dict that is sent for an entry. The hash of its owner's token is not in it. */
export function entryToWire(entry: StoredEntry, now: number): { readonly [key: string]: unknown } {
  return {
    ...registrationToWire(entry),
    is_owned: entry.ownerHash !== undefined,
    ends_in_seconds: entry.endsAt === undefined ? null : (entry.endsAt - now) / 1000,
  };
}

/** The dict by which an entry is registered. */
export function registrationToWire(entry: RegistryEntry): { readonly [key: string]: unknown } {
  const { name, uri, tags, leaseSeconds, signature } = entry;
  return {
    name,
    uri,
    tags,
    lease_seconds: leaseSeconds ?? null,
    signed_by: signature?.key ?? null,
    signed_at: signature?.at ?? null,
    signature: signature?.value ?? null,
  };
}

/** The entry that such a dict stands for; undefined for what is none. */
export function entryOfWire(value: PyroValue | undefined): EntryOnWire | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const dict = value as PyroDict;
  const { name, uri, tags, lease_seconds: lease, ends_in_seconds: ends } = dict;
  if (typeof name !== 'string' || typeof uri !== 'string' || !Array.isArray(tags)) return undefined;
  if (!tags.every((tag) => typeof tag === 'string')) return undefined;
  const { signed_by: key, signed_at: at, signature } = dict;
  const isSigned = typeof key === 'string' && typeof at === 'number' && typeof signature === 'string';
  return {
    name,
    uri,
    tags,
    isOwned: dict.is_owned === true,
    ...(typeof lease === 'number' ? { leaseSeconds: lease } : {}),
    ...(typeof ends === 'number' ? { endsInSeconds: ends } : {}),
    ...(isSigned ? { signature: { key, at, value: signature } } : {}),
  };
}
