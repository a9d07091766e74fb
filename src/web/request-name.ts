import type { LoginRequest } from '../credmon/index.ts';

/** The name of one login within a request file, as upstream's addresses have it: the provider, or provider, blank and handle. */
export function requestName({ provider, handle }: LoginRequest): string {
  return handle === '' ? provider : `${provider} ${handle}`;
}

/** A text for the log: of a submission's key, which the names of files and addresses hold, eight digits are left. */
export function withoutKeys(text: string): string {
  return text.replaceAll(/\b([0-9a-f]{8})[0-9a-f]{56}\b/g, '$1…');
}
