import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FileStore } from '../../repository/index.ts';
import type { OptionSpec } from './getopt.ts';
import { fail, type ToolContext } from './tool.ts';

/** Where the admin tools work. */
export const storageOption: OptionSpec = {
  short: 's',
  long: 'storage',
  value: 'directory',
  help: 'Directory of the stored credentials',
};

/** Opens the directory of `-s`, else the first that exists of the server's usual ones. @throws ToolExit when there is none */
export async function openStorage(context: ToolContext, given: string | undefined): Promise<FileStore> {
  const { FileStore: Store } = await import('../../repository/index.ts');
  return Store.open(storageDirectory(context, given), {
    // Otherwise what is there and cannot be read would look like nothing.
    onFinding: ({ file, message }) => context.err(`${file}: ${message}\n`),
  });
}

function storageDirectory(context: ToolContext, given: string | undefined): string {
  if (given !== undefined) return given;
  const globus = context.env.GLOBUS_LOCATION;
  const places = [
    '/var/lib/myproxy',
    '/var/myproxy',
    ...(globus === undefined ? [] : [join(globus, 'var/myproxy')]),
  ];
  const found = places.find((place) => existsSync(place));
  if (found === undefined)
    throw fail(
      `failed to find storage directory: none of ${places.join(', ')} exists\n  hint: name it with -s`,
    );
  return found;
}
