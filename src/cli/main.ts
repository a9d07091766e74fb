import { runTool } from './kit/index.ts';
import { processContext } from './kit/process-context.ts';
import { toolNamed } from './tools/tool-table.ts';

/** The name the executable was called by, without folders and `.js`. */
function calledAs(): string {
  const path = process.argv[1] ?? '';
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.js$/, '');
}

/** Runs one drop-in tool under the name it shows in messages. */
async function runNamedTool(name: string, argv: readonly string[]): Promise<number | undefined> {
  const load = toolNamed(name);
  if (load === undefined) return undefined;
  return runTool(await load(), argv, processContext(name));
}

/** Acts as the tool it is called as, else as `latchkey`; `latchkey tool NAME …` reaches the tools too. */
async function main(): Promise<number> {
  const argv = process.argv.slice(2);
  const asTool = await runNamedTool(calledAs(), argv);
  if (asTool !== undefined) return asTool;
  const [first, second, ...rest] = argv;
  if (first === 'tool' && second !== undefined) {
    const code = await runNamedTool(second, rest);
    if (code !== undefined) return code;
  }
  const { runLatchkey } = await import('./commands/program.ts');
  return runLatchkey(argv);
}

process.exitCode = await main();
