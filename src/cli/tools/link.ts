import { type Tool, ToolExit } from '../kit/index.ts';
import { linkTools } from './link-tools.ts';

const USAGE =
  'usage: latchkey link DIRECTORY\n\nMakes a link to this program under the name of every tool it can act as.\n';

/** `latchkey link DIR`. */
export const link: Tool = async (argv, context) => {
  const [directory, ...others] = argv;
  if (directory === '--help' || directory === '-h') throw new ToolExit(0, { stdout: USAGE });
  if (directory === undefined || directory.startsWith('-') || others.length > 0) {
    throw new ToolExit(2, { stderr: USAGE });
  }
  const report = await linkTools(directory);
  for (const name of report.kept)
    context.err(`latchkey: ${name} is there already and is no link: left alone\n`);
  context.out(`${report.linked.length} tools linked in ${report.directory}\n`);
  if (!(context.env.PATH ?? '').split(':').includes(report.directory)) {
    context.err(`  hint: export PATH="${report.directory}:$PATH"\n`);
  }
  return report.kept.length === 0 ? 0 : 1;
};
