import { locateTrustDirectory } from '../../x509/index.ts';
import type { Invocation } from './command.ts';
import type { Place } from './place.ts';

/** What one check found. */
export interface Check {
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly detail: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** True when nobody has looked, because something before it failed. */
  readonly isUnknown?: boolean;
}

/** What the checks look at. */
export interface Examination {
  readonly invocation: Invocation;
  readonly place: Place;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: Date;
}

/** Nothing to say against it. */
export function ok(detail: string): Check {
  return { state: 'ok', detail };
}

/** It stands in the way. */
export function failed(detail: string, remedy?: string): Check {
  return { state: 'failed', detail, ...(remedy === undefined ? {} : { remedy }) };
}

/** The trust directory by which the server will be judged. */
export async function trustPath({ place, env, invocation }: Examination): Promise<string | undefined> {
  return place.trust?.value ?? (await locateTrustDirectory({ env: { ...env }, uid: invocation.context.uid }));
}
