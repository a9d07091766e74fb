import type { WebPageSettings } from '../../credmon/index.ts';

/** The page's settings, with what the monitor around it knows. */
export interface WebSettings extends WebPageSettings {
  /** Where browsers reach it: origin and path, no trailing slash (`CREDMON_WEB_PREFIX`). */
  readonly prefix: string;
  /** Which account belongs to which local user; absent = remembered until the process ends. */
  readonly accountsFile?: string | undefined;
  /** Unix socket (0600) on which the API answers without sign-in, for the operator's own programs. */
  readonly operatorSocket?: string | undefined;
}
