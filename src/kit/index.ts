/**
 * `latchkey/kit`: the ground everything stands on: errors, secrets, clock, atomic files, bounded caches and programs.
 * It knows nothing of credentials, wires or formats.
 */
export { syncDirectory, writeFileAtomic, writeTemporary } from './atomic-file.ts';
export { type Clock, systemClock } from './clock.ts';
export { counted } from './counted.ts';
export type { ErrorCode } from './error-codes.ts';
export { type ErrorDetails, type Finding, isLatchkeyError, LatchkeyError } from './errors.ts';
export { boundedFetch, type FetchOptions } from './fetch.ts';
export { LruCache } from './lru-cache.ts';
export { nearestName } from './nearest-name.ts';
export { printable } from './printable.ts';
export { makePrivateDirectory, OWNER_FILE, removeWhenWeEnd } from './private-directory.ts';
export { type RunOptions, type RunResult, runProgram } from './program.ts';
export { quote, quoteValue } from './quote.ts';
export {
  isSealedText,
  openBytes,
  openText,
  type SealingKeys,
  sealBytes,
  sealingKeys,
  sealText,
} from './sealing.ts';
export { Secret } from './secret.ts';
export {
  loadOrMakeServerKey,
  loadServerKey,
  type ServerKeyOptions,
  type ServerKeySource,
} from './server-key.ts';
export { removeStaleTemporaries } from './stale-temporaries.ts';
export { checkTrustedPlace } from './trusted-place.ts';
