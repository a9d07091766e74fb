import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { checkServerCredential, type ServerSettings } from '../../daemon/index.ts';
import { isLatchkeyError } from '../../kit/index.ts';
import { checkServerConfig, type ServerConfig } from '../../myproxy/index.ts';
import { loadTrustDirectory, locateTrustDirectory } from '../../x509/index.ts';
import { secondsLeft } from '../kit/time-text.ts';
import { formatSpan } from './lifetime.ts';

/** Something an operator should know about a configuration. */
export interface ServerFinding {
  readonly severity: 'error' | 'warning' | 'notice';
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A host certificate is worth a word when it ends within this time; seconds. */
const SOON = 14 * 86_400;

/** All that is worth knowing about settings that could be loaded: policy, certificate, trust, files, logs. */
export async function serverFindings(settings: ServerSettings, now: Date): Promise<ServerFinding[]> {
  const parts = await Promise.all([
    checkServerConfig(configOf(settings)),
    certificateFindings(settings, now),
    trustFindings(settings),
    storageFindings(settings),
    logFindings('audit.file', settings.auditFile),
    logFindings('log.file', settings.log.file),
  ]);
  return parts.flat();
}

/** One line for a terminal: `  ! message`, its remedy below. */
export function formatServerFinding({ severity, message, hint }: ServerFinding): string {
  const mark = { error: '✘', warning: '!', notice: '·' }[severity];
  return `  ${mark} ${message}${hint === undefined ? '' : `\n      ${hint}`}`;
}

/** The rules of settings in the form that `checkServerConfig` judges. */
function configOf({ policy, trustRoots, limits }: ServerSettings): ServerConfig {
  return {
    ...policy.access,
    acceptedCredentialsMapfile: policy.acceptedMapFile,
    acceptedCredentialsMapapp: policy.acceptedMapProgram,
    passPhrasePolicyProgram: policy.passPhrasePolicyProgram,
    ignoreGlobusLimitedProxyFlag: policy.ignoreLimitedProxies,
    checkMultipleCredentials: policy.checkMultipleCredentials,
    allowVomsAttributeRequests: policy.vomsAttributes !== undefined,
    vomsUserconf: policy.vomsAttributes?.userConf,
    maxProxyLifetimeSeconds: policy.maxProxyLifetimeSeconds,
    maxCredentialLifetimeSeconds: policy.maxCredentialLifetimeSeconds,
    requestTimeoutSeconds: limits.requestTimeoutSeconds,
    requestSizeLimitBytes: limits.requestSizeBytes,
    certDirectory: trustRoots,
    syslogIdent: undefined,
    syslogFacility: undefined,
    later: new Map(),
    secrets: new Map(),
  };
}

async function certificateFindings(settings: ServerSettings, now: Date): Promise<ServerFinding[]> {
  try {
    const { certificate, expires } = await checkServerCredential(settings, now);
    const left = secondsLeft(expires, now);
    if (left > SOON) return [];
    return [
      warning(
        'certificate/ends-soon',
        `the host certificate ${certificate} ends in ${formatSpan(left)}`,
        'renew it; the server reads the new one when the file changes',
      ),
    ];
  } catch (cause) {
    const hint = isLatchkeyError(cause) ? cause.hint : undefined;
    const message = `the host certificate cannot be used: ${messageOf(cause)}`;
    if (isLatchkeyError(cause, 'proxy/expired')) return [error('certificate/expired', message, hint)];
    // Where a server looks depends on its environment, which is another one than that of this command.
    const isElsewhere =
      isLatchkeyError(cause, 'x509/credential-missing') && settings.credential.certificate === undefined;
    return [(isElsewhere ? warning : error)('certificate/unusable', message, hint)];
  }
}

async function trustFindings({ trustDirectory }: ServerSettings): Promise<ServerFinding[]> {
  const path = trustDirectory ?? (await locateTrustDirectory());
  if (path === undefined)
    return [error('trust/missing', 'there is no trust directory: no client can be authenticated')];
  try {
    const trust = await loadTrustDirectory(path);
    const own = trust.findings.map(({ severity, code, file, message }) => ({
      severity,
      code,
      message: `${path}/${file}: ${message}`,
    }));
    return trust.authorities.length === 0
      ? [...own, warning('trust/empty', `the trust directory ${path} holds no authority`)]
      : own;
  } catch (cause) {
    return [error('trust/unreadable', `the trust directory ${path} cannot be read: ${messageOf(cause)}`)];
  }
}

async function storageFindings({ storage }: ServerSettings): Promise<ServerFinding[]> {
  const found = await stat(storage).catch(() => undefined);
  if (found === undefined)
    return [
      error('storage/missing', `the storage directory ${storage} does not exist`, `mkdir -m 700 ${storage}`),
    ];
  if ((found.mode & 0o077) !== 0)
    return [
      error('storage/open', `others can enter the storage directory ${storage}`, `chmod 700 ${storage}`),
    ];
  const uid = process.getuid?.();
  if (uid !== undefined && found.uid !== uid) {
    // Root looks at what a service with a user of its own has.
    return [
      (uid === 0 ? warning : error)(
        'storage/foreign',
        `the storage directory ${storage} belongs to another user (uid ${found.uid})`,
        'run the server as that user',
      ),
    ];
  }
  return [];
}

/** A server does not start without the logs it was asked to write. */
async function logFindings(key: string, path: string | undefined): Promise<ServerFinding[]> {
  if (path === undefined) return [];
  const isThere = (await stat(path).catch(() => undefined)) !== undefined;
  try {
    await access(isThere ? path : dirname(path), constants.W_OK);
    return [];
  } catch (cause) {
    return [error('log/unwritable', `${key} ${path} cannot be written: ${messageOf(cause)}`)];
  }
}

function messageOf(error: unknown): string {
  return isLatchkeyError(error) || error instanceof Error ? error.message : String(error);
}

function error(code: string, message: string, hint?: string): ServerFinding {
  return { severity: 'error', code, message, hint };
}

function warning(code: string, message: string, hint?: string): ServerFinding {
  return { severity: 'warning', code, message, hint };
}
