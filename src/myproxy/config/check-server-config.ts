import { LatchkeyError } from '../../kit/index.ts';
import { checkFiles } from './check-files.ts';
import { checkPolicies } from './check-policies.ts';
import type { ConfigFinding } from './config-finding.ts';
import type { ServerConfig } from './server-config.ts';

/** Everything that is wrong with, or worth knowing about, a configuration beyond its syntax: open or unsafe lists, contradictions, files. */
export async function checkServerConfig(config: ServerConfig): Promise<ConfigFinding[]> {
  return [...checkPolicies(config), ...(await checkFiles(config))];
}

/**
 * Throws when a finding is an error: a server with such a configuration must not start, and a running one keeps the old.
 *
 * @throws LatchkeyError `config/invalid`; `details.findings` has them all
 */
export function requireNoErrors(findings: readonly ConfigFinding[], path: string): void {
  const errors = findings.filter((finding) => finding.severity === 'error');
  const [first] = errors;
  if (first === undefined) return;
  const more = errors.length === 1 ? '' : `, and ${errors.length - 1} more`;
  throw new LatchkeyError('config/invalid', `${path}: ${first.message}${more}`, {
    hint: first.hint ?? `latchkey config check ${path} shows all findings`,
    details: { findings },
  });
}
