import { reportError } from './report-error.ts';
import { type Tool, type ToolContext, ToolExit } from './tool.ts';

/** Runs a tool to its exit code; whatever it throws is printed, never a stack trace. */
export async function runTool(tool: Tool, argv: readonly string[], context: ToolContext): Promise<number> {
  try {
    return await tool(argv, context);
  } catch (error) {
    if (!(error instanceof ToolExit)) {
      context.err(reportError(error));
      return 1;
    }
    if (error.stdout !== '') context.out(error.stdout);
    if (error.stderr !== '') context.err(error.stderr);
    return error.code;
  }
}
