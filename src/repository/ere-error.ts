/** A regular expression that cannot be used. It never leaves the matcher: a bad expression matches nothing. */
export class EreError extends Error {
  override readonly name = 'EreError';
}
