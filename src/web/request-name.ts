import type { LoginRequest } from '../credmon/index.ts';

/** The name of one login within a request file, as upstream's addresses have it: the provider, or provider, blank and handle. */
export function requestName({ provider, handle }: LoginRequest): string {
  return handle === '' ? provider : `${provider} ${handle}`;
}
