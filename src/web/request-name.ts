import type { LoginRequest } from './dependencies.ts';

/** The name of one login within a request file, as upstream's addresses have it: the provider, or provider, blank and handle. */
export function requestName({ provider, handle }: LoginRequest): string {
  return handle === '' ? provider : `${provider} ${handle}`;
}

/** The local user without a domain, as directories are named. */
export function localUserOf({ localUser }: LoginRequest): string {
  return localUser.split('@', 1)[0] ?? '';
}
