import { nearestName, quote, Secret } from '../../kit/index.ts';
import type { ConfigFinding } from './config-finding.ts';
import type { ServerConfig } from './server-config.ts';
import { type ConfigKey, SERVER_CONFIG_KEYS, takesMany } from './server-config-keys.ts';
import { type ConfigLine, MAX_LINE_BYTES, tokenizeConfig } from './tokenizer.ts';

/** One setting of the file, for `config explain`. */
export interface ConfigSetting {
  /** The key's current name, also where the file has the old one. */
  readonly key: string;
  /** `[secret]` for a pass phrase. */
  readonly values: readonly string[];
  /** Line of the file, from 1. */
  readonly line: number;
}

/** What {@link parseServerConfig} gives: always a configuration, and what is wrong with the text. */
export interface ParsedServerConfig {
  readonly config: ServerConfig;
  /** A server must not start with one of severity `error`. */
  readonly findings: readonly ConfigFinding[];
  readonly settings: readonly ConfigSetting[];
}

const KEYS: ReadonlyMap<string, ConfigKey> = new Map(SERVER_CONFIG_KEYS.map((row) => [row.key, row]));
/** Findings after which misspelt keys get no suggestion any more. */
const MAX_SUGGESTIONS = 50;
const TRUE = /^(true|enabled|yes|on|1)$/i;
const FALSE = /^(false|disabled|no|off|0)$/i;
const STATUS = /^(required|sufficient|disabled)$/;
const INTEGER = /^[+-]?\d{1,9}$/;

/**
 * Reads a `myproxy-server.config` as the C server does, and never throws: what it would refuse, and what it would read
 * as something else than was meant (a misspelt key, a number that is none, a line that is too long), is a finding.
 * Files are not looked at; `checkServerConfig` does.
 */
export function parseServerConfig(text: string): ParsedServerConfig {
  const findings: ConfigFinding[] = [];
  const settings: ConfigSetting[] = [];
  const secrets = new Map<string, Secret>();
  for (const line of tokenizeConfig(text)) {
    findings.push(...lineDefects(line));
    const [name = '', ...values] = line.tokens;
    const row = KEYS.get(name);
    if (row === undefined) {
      // Looking for the key that was meant costs time: a file that is no configuration has many unknown ones.
      if (line.tokens.length > 0)
        findings.push(unknownKey(name, line.number, findings.length < MAX_SUGGESTIONS));
      continue;
    }
    const key = row.alias ?? row.key;
    const wrong = valueFinding(row, values, line.number);
    if (wrong !== undefined) findings.push(wrong);
    if (wrong?.severity === 'error') continue;
    if (!takesMany(row.type) && settings.some((setting) => setting.key === key)) {
      findings.push(
        about('config/repeated', 'warning', key, line.number, 'is given again; the last one counts'),
      );
    }
    if (row.type === 'secret') secrets.set(key, new Secret(values[0] ?? ''));
    settings.push({ key, values: row.type === 'secret' ? ['[secret]'] : values, line: line.number });
    findings.push(...supportFindings(row, values, line.number));
  }
  return { config: buildConfig(settings, secrets), findings, settings };
}

function buildConfig(settings: readonly ConfigSetting[], secrets: ReadonlyMap<string, Secret>): ServerConfig {
  const list = (key: string) => {
    const values = settings.filter((setting) => setting.key === key).flatMap((setting) => setting.values);
    return values.length === 0 ? undefined : values;
  };
  const one = (key: string) => settings.findLast((setting) => setting.key === key)?.values[0];
  const flag = (key: string) => TRUE.test(one(key) ?? '');
  const number = (key: string) => (one(key) === undefined ? undefined : Number(one(key)));
  const hours = (key: string) => ((number(key) ?? 0) > 0 ? (number(key) ?? 0) * 3600 : undefined);
  const timeout = number('request_timeout') ?? 0;
  const sizeLimit = number('request_size_limit') ?? 1 << 20;
  const later = SERVER_CONFIG_KEYS.filter((row) => row.support === 'later' && row.type !== 'secret').flatMap(
    (row) => {
      const values = takesMany(row.type)
        ? list(row.key)
        : [one(row.key)].filter((value) => value !== undefined);
      return values === undefined || values.length === 0 ? [] : [[row.key, values] as const];
    },
  );
  return {
    acceptedCredentials: list('accepted_credentials'),
    authorizedRetrievers: list('authorized_retrievers'),
    defaultRetrievers: list('default_retrievers'),
    authorizedRenewers: list('authorized_renewers'),
    defaultRenewers: list('default_renewers'),
    authorizedKeyRetrievers: list('authorized_key_retrievers'),
    defaultKeyRetrievers: list('default_key_retrievers'),
    trustedRetrievers: list('trusted_retrievers'),
    defaultTrustedRetrievers: list('default_trusted_retrievers'),
    allowSelfAuthorization: flag('allow_self_authorization'),
    acceptedCredentialsMapfile: one('accepted_credentials_mapfile'),
    acceptedCredentialsMapapp: one('accepted_credentials_mapapp'),
    passPhrasePolicyProgram: one('passphrase_policy_program'),
    ignoreGlobusLimitedProxyFlag: flag('ignore_globus_limited_proxy_flag'),
    checkMultipleCredentials: flag('check_multiple_credentials'),
    allowVomsAttributeRequests: flag('allow_voms_attribute_requests'),
    vomsUserconf: one('voms_userconf'),
    maxProxyLifetimeSeconds: hours('max_proxy_lifetime'),
    maxCredentialLifetimeSeconds: hours('max_cred_lifetime'),
    requestTimeoutSeconds: timeout < 0 ? undefined : timeout === 0 ? 120 : timeout,
    requestSizeLimitBytes: sizeLimit <= 0 ? undefined : sizeLimit,
    certDirectory: one('cert_dir'),
    syslogIdent: one('syslog_ident'),
    syslogFacility: one('syslog_facility'),
    later: new Map(later),
    secrets,
  };
}

function lineDefects(line: ConfigLine): ConfigFinding[] {
  if (line.defect === undefined) return [];
  const tooLong = line.defect === 'too-long';
  return [
    {
      code: tooLong ? 'config/line-too-long' : 'config/quote-unclosed',
      severity: tooLong ? 'error' : 'warning',
      index: line.number,
      message: tooLong
        ? `line ${line.number} has more than ${MAX_LINE_BYTES - 1} bytes and would be read as two`
        : `line ${line.number} has a quote that is not closed; it runs to the end of the line`,
      ...(tooLong ? { hint: 'list keys may repeat: spread the values over several lines' } : {}),
    },
  ];
}

function unknownKey(name: string, line: number, suggest: boolean): ConfigFinding {
  const meant = suggest ? nearestName(name, [...KEYS.keys()]) : undefined;
  return {
    code: 'config/unknown-key',
    severity: 'warning',
    index: line,
    message: `line ${line}: ${quote(name, 60)} is no key of myproxy-server.config and has no effect`,
    ...(meant === undefined ? {} : { hint: `perhaps ${meant} is meant` }),
  };
}

function valueFinding(row: ConfigKey, values: readonly string[], line: number): ConfigFinding | undefined {
  const { key, type } = row;
  if (takesMany(type)) {
    const empty = type === 'list' && values.length === 0;
    return empty ? about('config/no-values', 'warning', key, line, 'has no values and no effect') : undefined;
  }
  const [value = ''] = values;
  if (values.length !== 1) {
    return about(
      'config/argument-count',
      'error',
      key,
      line,
      `takes exactly 1 value and has ${values.length}`,
    );
  }
  if (type === 'boolean' && !TRUE.test(value) && !FALSE.test(value)) {
    return about('config/boolean', 'warning', key, line, `is ${quote(value, 40)}, which counts as false`);
  }
  if (type === 'status' && !STATUS.test(value)) {
    return about(
      'config/status',
      'error',
      key,
      line,
      `is ${quote(value, 40)} and should be required, sufficient or disabled`,
    );
  }
  if (['hours', 'seconds', 'bytes', 'number'].includes(type)) {
    if (!INTEGER.test(value)) {
      return about(
        'config/number',
        'error',
        key,
        line,
        `is ${quote(value, 40)} and should be a whole number`,
      );
    }
    if ((type === 'hours' || type === 'number') && Number(value) < 0) {
      return about('config/number', 'error', key, line, `is ${value} and should not be negative`);
    }
  }
  if ((type === 'path' || type === 'program' || type === 'directory') && !value.startsWith('/')) {
    return about('config/path-relative', 'warning', key, line, `is ${quote(value, 80)}, a relative path`);
  }
  return undefined;
}

function supportFindings(row: ConfigKey, values: readonly string[], line: number): ConfigFinding[] {
  if (row.alias !== undefined) {
    return [about('config/old-name', 'notice', row.key, line, `is the old name of ${row.alias}`)];
  }
  if (row.support === 'unused') {
    return [about('config/unused', 'notice', row.key, line, 'has no effect on the server')];
  }
  if (row.support !== 'later' || isOff(row, values)) return [];
  const weaker = row.weakerWithout === true || values[0] === 'required';
  const finding = about(
    'config/not-supported-yet',
    weaker ? 'error' : 'warning',
    row.key,
    line,
    weaker
      ? 'is not supported by Latchkey yet, and without it the server would be less strict than this file asks for'
      : 'is not supported by Latchkey yet and has no effect',
  );
  return [weaker ? { ...finding, hint: `take ${row.key} out of the file to run without it` } : finding];
}

/** True for a value that asks for what happens anyway. */
function isOff(row: ConfigKey, values: readonly string[]): boolean {
  const [value = ''] = values;
  return (row.type === 'status' && value === 'disabled') || (row.type === 'boolean' && !TRUE.test(value));
}

function about(
  code: string,
  severity: ConfigFinding['severity'],
  key: string,
  line: number,
  what: string,
): ConfigFinding {
  return { code, severity, key, index: line, message: `line ${line}: ${key} ${what}` };
}
