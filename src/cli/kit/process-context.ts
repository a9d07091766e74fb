import { closeSync } from 'node:fs';
import { inputReader } from './stdin.ts';
import type { ToolContext } from './tool.ts';
import { writeDescriptor } from './write-sync.ts';

/** The process itself as a tool's surroundings. @param name the name the tool was called by */
export function processContext(name: string): ToolContext {
  const input = inputReader(() => process.stdin);
  return {
    name,
    env: process.env,
    uid: process.getuid?.() ?? 0,
    now: () => new Date(),
    out: (text) => writeDescriptor(1, text),
    err: (text) => writeDescriptor(2, text),
    readLine: () => input.readLine(),
    readInput: () => input.readRest(),
    async hasTerminal() {
      const { openTerminal } = await import('./ask-secret.ts');
      const terminal = openTerminal();
      if (terminal !== undefined) closeSync(terminal);
      return terminal !== undefined;
    },
    async askSecret(prompt) {
      const { askSecretOn, openTerminal } = await import('./ask-secret.ts');
      const terminal = openTerminal();
      if (terminal !== undefined) return askSecretOn(terminal, prompt);
      writeDescriptor(2, prompt);
      const { Secret } = await import('../../kit/index.ts');
      const line = await input.readLine();
      writeDescriptor(2, '\n');
      return line === undefined ? undefined : new Secret(line);
    },
  };
}
