import type { Keeper } from './keeper.ts';
import type { KeeperOptions } from './keeper-options.ts';

/** Makes a keeper. It does nothing until something is held. */
export function createKeeper(options: KeeperOptions = {}): Keeper {
  throw new Error(`being written: ${Object.keys(options)}`);
}
