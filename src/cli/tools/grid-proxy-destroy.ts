import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  type GlobusInterface,
  globusFileProblem,
  readGlobusOptions,
  type Tool,
  type ToolContext,
  ToolExit,
} from '../kit/index.ts';

const face: GlobusInterface = {
  tool: 'grid-proxy-destroy',
  synopsis: '[-help][-dryrun][-default][-all][--] [file1...]',
  unknown: 'unknown option',
  takesFiles: true,
  options: [
    { names: ['-debug'], help: 'Prints the reasons of errors' },
    { names: ['-dryrun'], help: 'Only says what would be removed' },
    { names: ['-default'], help: 'Removes the proxy at its usual place' },
    { names: ['-all'], help: 'Removes every proxy of yours beside it' },
  ],
};

/** `grid-proxy-destroy`: overwrites and removes proxies. */
export const gridProxyDestroy: Tool = async (argv, context) => {
  const given = new Set<string>();
  const files = readGlobusOptions(face, argv, (name) => given.add(name));
  const isDryRun = given.has('-dryrun');
  for (const file of files) await destroy(file, isDryRun, context);
  if (files.length > 0 && !given.has('-default') && !given.has('-all')) return 0;
  const own = context.env.X509_USER_PROXY || `/tmp/x509up_u${context.uid}`;
  requireProxy(own, given.has('-debug'));
  if (given.has('-default') || !given.has('-all')) await destroy(own, isDryRun, context);
  if (given.has('-all')) await destroyAll(own, isDryRun, context);
  return 0;
};

function requireProxy(path: string, isDebug: boolean): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  const problem = globusFileProblem(
    path,
    found && { isFile: found.isFile(), isDirectory: found.isDirectory(), mode: found.mode },
    'key',
  );
  if (problem === undefined) return;
  const more = isDebug ? '' : '\nUse -debug for further information.\n';
  throw new ToolExit(1, {
    stderr: `\nERROR: Proxy file doesn't exist or has bad permissions\n       ${problem}${more}`,
  });
}

async function destroy(path: string, isDryRun: boolean, context: ToolContext): Promise<void> {
  if (isDryRun) context.err(`Would remove ${path}\n`);
  else {
    const { shredFile } = await import('../kit/shred-file.ts');
    await shredFile(path);
  }
}

/** The default proxy, and beside it every delegated one (`x509up_p…`) that is a plain file of the user's own. */
async function destroyAll(own: string, isDryRun: boolean, context: ToolContext): Promise<void> {
  const directory = dirname(own);
  if (isDryRun) {
    context.err(
      `Would remove all proxies found in ${directory} directory that are owned by the current user \n`,
    );
    return;
  }
  const delegated = readdirSync(directory).filter(
    (name) => name.startsWith('x509up_p') || name === basename(own),
  );
  for (const name of delegated) {
    const path = join(directory, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isFile() && found.uid === context.uid) await destroy(path, false, context);
  }
}
