import { constants } from 'node:fs';
import { access, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { quote } from '../../kit/index.ts';
import type { ConfigFinding } from './config-finding.ts';
import type { ServerConfig } from './server-config.ts';

/** Most files of a `cert_dir` that are looked at. */
const MAX_TRUST_ROOTS = 10_000;

/**
 * Looks at the files and programs that a configuration names, as the C server does before it starts:
 * programs must be executable, files readable, the files of `cert_dir` readable by everybody.
 */
export async function checkFiles(config: ServerConfig): Promise<ConfigFinding[]> {
  const lists = await Promise.all([
    checkProgram('passphrase_policy_program', config.passPhrasePolicyProgram),
    checkProgram('accepted_credentials_mapapp', config.acceptedCredentialsMapapp),
    checkReadable('accepted_credentials_mapfile', config.acceptedCredentialsMapfile),
    checkTrustRoots(config.certDirectory),
  ]);
  return lists.flat();
}

async function checkProgram(key: string, path: string | undefined): Promise<ConfigFinding[]> {
  if (path === undefined) return [];
  const found = await stat(path).catch(reasonOf);
  if (typeof found === 'string') return [finding(key, `${key} ${quote(path)} cannot be run: ${found}`)];
  if (!found.isFile()) return [finding(key, `${key} ${quote(path)} is not a file`)];
  if (!(await may(path, constants.X_OK))) {
    return [{ ...finding(key, `${key} ${quote(path)} is not executable`), hint: `chmod +x ${path}` }];
  }
  if ((found.mode & 0o002) !== 0) {
    return [
      { ...finding(key, `${key} ${quote(path)} can be changed by everybody`), hint: `chmod o-w ${path}` },
    ];
  }
  return [];
}

async function checkReadable(key: string, path: string | undefined): Promise<ConfigFinding[]> {
  if (path === undefined) return [];
  const found = await stat(path).catch(reasonOf);
  if (typeof found === 'string') return [finding(key, `${key} ${quote(path)} cannot be read: ${found}`)];
  if (!(await may(path, constants.R_OK))) return [finding(key, `${key} ${quote(path)} is not readable`)];
  return [];
}

async function checkTrustRoots(directory: string | undefined): Promise<ConfigFinding[]> {
  if (directory === undefined) return [];
  const key = 'cert_dir';
  const found = await stat(directory).catch(reasonOf);
  if (typeof found === 'string')
    return [finding(key, `cert_dir ${quote(directory)} cannot be read: ${found}`)];
  if (!found.isDirectory()) return [finding(key, `cert_dir ${quote(directory)} is not a directory`)];
  if (!(await may(directory, constants.R_OK | constants.X_OK))) {
    return [finding(key, `cert_dir ${quote(directory)} is not readable`)];
  }
  const findings: ConfigFinding[] = [];
  let files = 0;
  for await (const entry of await opendir(directory)) {
    const file = await stat(join(directory, entry.name)).catch(reasonOf);
    if (typeof file === 'string' || !file.isFile()) continue;
    files += 1;
    if (files > MAX_TRUST_ROOTS) {
      return [finding(key, `cert_dir ${quote(directory)} has more than ${MAX_TRUST_ROOTS} files`)];
    }
    if ((file.mode & 0o004) === 0) {
      findings.push({
        ...finding(
          key,
          `file ${quote(entry.name)} of cert_dir is not readable by everybody, so it may be private`,
        ),
        hint: `chmod o+r ${join(directory, entry.name)}, or take it out of the directory`,
      });
    }
    if (entry.name.includes(',')) {
      findings.push({
        ...finding(key, `file ${quote(entry.name)} of cert_dir has a comma in its name and is not sent`),
        severity: 'warning',
      });
    }
  }
  if (files === 0) {
    findings.push({ ...finding(key, `cert_dir ${quote(directory)} has no files`), severity: 'warning' });
  }
  return findings;
}

async function may(path: string, mode: number): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  );
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return (
    { ENOENT: 'it does not exist', EACCES: 'permission denied', ENOTDIR: 'it does not exist' }[code] ?? code
  );
}

function finding(key: string, message: string): ConfigFinding {
  return { code: 'config/file', severity: 'error', key, message };
}
