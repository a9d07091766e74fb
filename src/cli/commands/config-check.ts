import { loadSettings } from '../../daemon/index.ts';
import { isLatchkeyError } from '../../kit/index.ts';
import { loadServerConfig } from '../../myproxy/index.ts';
import type { Command } from './command.ts';
import { configFile, storageOf } from './config-file.ts';
import { formatServerFinding, type ServerFinding, serverFindings } from './server-findings.ts';

/** `latchkey config check [FILE]`: every finding; exit code 6 when one would keep the server from starting. */
export const configCheck: Command = async (invocation) => {
  const file = await configFile(invocation, 0);
  const findings = await findingsOf(file, storageOf(invocation), invocation.context.now());
  const count = (severity: string): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  const verdict = errors > 0 ? 'a server does not start with this' : 'a server starts with this';
  return {
    json: { file, ok: errors === 0, findings },
    lines: [
      file,
      ...findings.map(formatServerFinding),
      `${errors} ${plural(errors, 'error')}, ${warnings} ${plural(warnings, 'warning')}: ${verdict}`,
    ],
    exitCode: errors > 0 ? 6 : 0,
  };
};

async function findingsOf(file: string, storage: string | undefined, now: Date): Promise<ServerFinding[]> {
  // The text of a legacy file has findings of its own: misspelt keys, values that count as something else.
  const textual = file.endsWith('.toml') ? [] : (await loadServerConfig(file)).findings;
  try {
    const settings = await loadSettings(file, storage);
    const all = [...textual, ...(await serverFindings(settings, now))];
    const seen = new Set<string>();
    return all.filter(({ message }) => !seen.has(message) && seen.add(message));
  } catch (error) {
    if (!isLatchkeyError(error) || error.code === 'config/missing') throw error;
    const { findings } = error.details;
    const messages = Array.isArray(findings) ? findings.filter((item) => typeof item === 'string') : [];
    if (textual.some(({ severity }) => severity === 'error')) return [...textual];
    const own = messages.length > 0 ? messages : [error.message];
    return [
      ...textual,
      ...own.map((message) => ({ severity: 'error' as const, code: error.code, message, hint: undefined })),
    ];
  }
}

function plural(count: number, word: string): string {
  return count === 1 ? word : `${word}s`;
}
