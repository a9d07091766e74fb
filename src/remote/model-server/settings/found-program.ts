import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { type Finding, LatchkeyError, quote } from '../../../kit/index.ts';
import type { ModelProgram, ModelServerSettings } from './model-server-settings.ts';

const loadsTypeScript = Boolean((process.features as { typescript?: unknown }).typescript);

/** A program whose files are there, under names that also hold in a job's own directory. */
export interface FoundProgram {
  readonly program: ModelProgram;
  readonly findings: readonly Finding[];
}

/**
 * Looks for a program's files before the first job does. Words of a command that name files below `base` become absolute,
 * because a job does not run there; a class must be in a file that this Node can load.
 *
 * @throws LatchkeyError `config/invalid`
 */
export async function findProgram(
  { model: program, environment }: Pick<ModelServerSettings, 'model' | 'environment'>,
  base: string,
): Promise<FoundProgram> {
  if (program.kind === 'class') {
    await checkModule(program.module, environment);
    return { program, findings: [] };
  }
  const command = await Promise.all(program.command.map((word, index) => placed(word, index, base)));
  const findings = command.flatMap((word, index): Finding[] => {
    const given = program.command[index] ?? '';
    if (word === given) return [];
    const message = `${quote(given)} is ${word}: a job runs in a directory of its own`;
    return [{ code: 'models/placed', message }];
  });
  return { program: { ...program, command }, findings };
}

/** The first word is looked for in `PATH` as long as it has no slash, as a shell does. */
async function placed(word: string, index: number, base: string): Promise<string> {
  if (word.startsWith('-') || word.startsWith('/') || (index === 0 && !word.includes('/'))) return word;
  const path = resolve(base, word);
  return (await isFile(path)) ? path : word;
}

async function checkModule(module: string, environment: Readonly<Record<string, string>>): Promise<void> {
  if (!(await isFile(module)))
    throw new LatchkeyError('config/invalid', `no file ${quote(module)} to load the class from`, {
      hint: 'MODULE#EXPORT: the path of a JavaScript file, and the name that it exports the class by',
    });
  // Options of the jobs' own may bring a loader.
  if (!/^\.[mc]?ts$/.test(extname(module)) || loadsTypeScript || 'NODE_OPTIONS' in environment) return;
  throw new LatchkeyError('config/invalid', `Node ${process.versions.node} cannot load ${quote(module)}`, {
    hint: 'compile it to JavaScript, or use Node 22.18 or newer, which load TypeScript as it is',
  });
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ?? false;
}
