import { accessSync, constants, lstatSync } from 'node:fs';
import { type Tool, ToolExit } from '../kit/index.ts';
import { type LongOption, readLongOptions } from '../kit/long-options.ts';
import { latchkeyVersion } from '../kit/usage-text.ts';
import { confWords } from '../kit/voms-info-options.ts';

const OPTIONS: readonly LongOption[] = [
  { names: ['help'], help: 'Prints this text' },
  { names: ['usage'], help: 'Prints this text' },
  { names: ['version'], help: 'Prints the version' },
  { names: ['file'], value: 'proxyfile', help: 'The proxy to remove' },
  { names: ['debug'], help: 'Accepted and ignored' },
  { names: ['q'], help: 'Says nothing' },
  { names: ['quiet'], help: 'Says nothing' },
  { names: ['conf'], value: 'file', help: 'Reads options from this file' },
  { names: ['dryrun'], help: 'Only says what would be removed' },
];

/**
 * `voms-proxy-destroy`: overwrites and removes a proxy. The C++ tool does nothing, with success, where there is no directory of trusted
 * authorities; this one removes.
 */
export const vomsProxyDestroy: Tool = async (argv, context) => {
  const given = new Map<string, string>();
  const apply = (name: string, value: string): void => {
    if (name === 'help' || name === 'usage') throw new ToolExit(0, { stderr: usage(context.name) });
    if (name === 'conf') {
      for (const word of confWords(value)) readLongOptions(context.name, OPTIONS, [word], apply);
    }
    given.set(name, value);
  };
  readLongOptions(context.name, OPTIONS, argv, apply);
  if (given.has('version')) {
    context.out(`voms-proxy-destroy\nVersion: latchkey-${latchkeyVersion}\n`);
    return 0;
  }
  const isQuiet = given.has('q') || given.has('quiet');
  const path = given.get('file') || context.env.X509_USER_PROXY || `/tmp/x509up_u${context.uid}`;
  if (!isWritableFile(path)) {
    if (!isQuiet) context.err("\nProxy file doesn't exist or has bad permissions\n\n");
    return 1;
  }
  if (given.has('dryrun')) {
    if (!isQuiet) context.err(`Would remove ${path}\n`);
    return 0;
  }
  const { shredFile } = await import('../kit/shred-file.ts');
  await shredFile(path);
  return 0;
};

function isWritableFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return !lstatSync(path).isDirectory();
  } catch {
    return false;
  }
}

function usage(tool: string): string {
  const lines = OPTIONS.map(({ names: [name = ''], value, help }) => {
    const head = `-${name}${value === undefined ? '' : ` <${value}>`}`;
    return `    ${head.padEnd(19)} ${help}\n`;
  });
  return `${tool}: \n    Options\n${lines.join('')}\n\n`;
}
