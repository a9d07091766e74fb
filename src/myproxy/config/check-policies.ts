import type { ConfigFinding } from './config-finding.ts';
import type { ServerConfig } from './server-config.ts';

type List = readonly string[] | undefined;

/**
 * Judges the access lists and the combination of keys without looking at any file.
 * The C server refuses an unsafe `trusted_retrievers` only when the first entries are `*`; here every entry counts.
 */
export function checkPolicies(config: ServerConfig): ConfigFinding[] {
  return [
    ...unsafePolicy(config),
    ...openPolicies(config),
    ...idleDefaults(config),
    ...contradictions(config),
  ];
}

function unsafePolicy(config: ServerConfig): ConfigFinding[] {
  if (!isOpen(config.trustedRetrievers)) return [];
  const unsafe =
    config.defaultTrustedRetrievers === undefined
      ? 'trusted_retrievers is * but default_trusted_retrievers is not set'
      : isOpen(config.defaultTrustedRetrievers)
        ? 'trusted_retrievers and default_trusted_retrievers are both *'
        : undefined;
  if (unsafe === undefined) return [];
  return [
    {
      code: 'policy/unsafe',
      severity: 'error',
      key: 'trusted_retrievers',
      message: `unsafe policy: ${unsafe}: anybody could get any unencrypted credential`,
      hint: 'set default_trusted_retrievers to "none", so that only credentials that name their trusted retrievers are open to them',
      rule: 'myproxy-server.config(5)',
    },
  ];
}

/** Lists that are open to everybody where a narrower one is usual. */
function openPolicies(config: ServerConfig): ConfigFinding[] {
  const findings: ConfigFinding[] = [];
  const open = (key: string, severity: ConfigFinding['severity'], message: string, hint?: string) => {
    findings.push({ code: 'policy/open', severity, key, message, ...(hint === undefined ? {} : { hint }) });
  };
  if (isOpen(config.acceptedCredentials)) {
    open(
      'accepted_credentials',
      'notice',
      'accepted_credentials is *: every holder of a trusted certificate may store',
    );
  }
  if (isOpen(config.authorizedRetrievers) && isOpenOrUnset(config.defaultRetrievers)) {
    open(
      'authorized_retrievers',
      'notice',
      'authorized_retrievers is *: whoever knows a pass phrase gets a proxy, anonymous clients too',
    );
  }
  if (isOpen(config.authorizedKeyRetrievers) && isOpenOrUnset(config.defaultKeyRetrievers)) {
    open(
      'authorized_key_retrievers',
      'warning',
      'authorized_key_retrievers is *: whoever knows a pass phrase gets the private key, anonymous clients too',
      'set default_key_retrievers to "none", so that only credentials that name their key retrievers give keys',
    );
  }
  if (isOpen(config.authorizedRenewers) && isOpenOrUnset(config.defaultRenewers)) {
    open(
      'authorized_renewers',
      'warning',
      'authorized_renewers is *: every service may renew the proxies of everybody who stored without a pass phrase',
      'set default_renewers to "none", so that only credentials that name their renewers can be renewed',
    );
  }
  if (config.ignoreGlobusLimitedProxyFlag) {
    open(
      'ignore_globus_limited_proxy_flag',
      'warning',
      'ignore_globus_limited_proxy_flag is true: a limited proxy, as jobs carry it, gets full proxies',
    );
  }
  return findings;
}

/** Default lists of operations that nobody is authorized for. */
function idleDefaults(config: ServerConfig): ConfigFinding[] {
  const pairs: readonly [string, List, string, List][] = [
    ['default_retrievers', config.defaultRetrievers, 'authorized_retrievers', config.authorizedRetrievers],
    ['default_renewers', config.defaultRenewers, 'authorized_renewers', config.authorizedRenewers],
    [
      'default_key_retrievers',
      config.defaultKeyRetrievers,
      'authorized_key_retrievers',
      config.authorizedKeyRetrievers,
    ],
    [
      'default_trusted_retrievers',
      config.defaultTrustedRetrievers,
      'trusted_retrievers',
      config.trustedRetrievers,
    ],
  ];
  return pairs
    .filter(([, defaults, , server]) => defaults !== undefined && server === undefined)
    .map(([key, , server]) => ({
      code: 'policy/no-effect',
      severity: 'notice',
      key,
      message: `${key} has no effect without ${server}, which allows nobody`,
    }));
}

function contradictions(config: ServerConfig): ConfigFinding[] {
  const findings: ConfigFinding[] = [];
  const add = (severity: ConfigFinding['severity'], key: string, message: string) => {
    findings.push({ code: 'config/contradiction', severity, key, message });
  };
  const has = (key: string) => config.later.has(key);
  const exclude = (a: string, b: string) => {
    if (has(a) && has(b)) add('error', a, `either ${a} or ${b} can be given, not both`);
  };
  exclude('certificate_issuer_program', 'certificate_issuer_cert');
  exclude('certificate_extfile', 'certificate_extapp');
  exclude('proxy_extfile', 'proxy_extapp');
  if (has('ca_ldap_server')) {
    for (const key of ['ca_ldap_searchbase', 'ca_ldap_uid_attribute']) {
      if (!has(key)) add('error', 'ca_ldap_server', `ca_ldap_server needs ${key}`);
    }
  }
  if (config.acceptedCredentialsMapapp !== undefined && config.acceptedCredentialsMapfile !== undefined) {
    add(
      'warning',
      'accepted_credentials_mapfile',
      'accepted_credentials_mapfile has no effect beside accepted_credentials_mapapp',
    );
  }
  if (config.acceptedCredentials === undefined && config.authorizedRetrievers === undefined) {
    add(
      'warning',
      'accepted_credentials',
      'neither accepted_credentials nor authorized_retrievers is set: nobody may do anything',
    );
  }
  return findings;
}

function isOpen(list: List): boolean {
  return list?.some((expression) => /^(subject:)?\*+$/i.test(expression)) ?? false;
}

function isOpenOrUnset(list: List): boolean {
  return list === undefined || isOpen(list);
}
