import { formatField, textLines } from './text-fields.ts';

/** What INFO tells about one stored credential. */
export interface CredentialInfo {
  /** Absent for the default credential. */
  readonly name?: string;
  readonly description?: string;
  /** Latest notBefore of the stored chain, whole seconds. */
  readonly startTime: Date;
  /** Earliest notAfter of the stored chain, whole seconds. */
  readonly endTime: Date;
  /** Oneline DN. */
  readonly owner: string;
  readonly retrievers?: string;
  readonly keyRetrievers?: string;
  readonly trustedRetrievers?: string;
  readonly renewers?: string;
  /** Present = locked. Only its first line goes over the wire. */
  readonly lockMessage?: string;
}

const LINE =
  /^CRED_(?:(.+?)_)??(NAME|DESC|START_TIME|END_TIME|OWNER|RETRIEVER|KEYRETRIEVERS|RETRIEVER_TRUSTED|RENEWER|LOCKMSG)=(.*)$/su;

/**
 * The lines of an INFO response: the first credential under `CRED_<FIELD>`, each further one under
 * `CRED_<name>_<FIELD>`, their names last in `ADDL_CREDS`. The default credential comes first, as it has no name to go by.
 * Line ends in values become blanks.
 */
export function formatCredentialInfos(credentials: readonly CredentialInfo[]): Buffer[] {
  const lines: Buffer[] = [];
  const ordered = defaultFirst(credentials);
  ordered.forEach((credential, index) => {
    const prefix = index === 0 ? 'CRED_' : `CRED_${oneLine(credential.name ?? '')}_`;
    const add = (field: string, value: string | undefined) => {
      if (value !== undefined) lines.push(formatField(prefix + field, oneLine(value)));
    };
    if (index === 0) add('NAME', credential.name);
    add('DESC', credential.description);
    add('START_TIME', epochSeconds(credential.startTime));
    add('END_TIME', epochSeconds(credential.endTime));
    add('OWNER', credential.owner);
    add('RETRIEVER', credential.retrievers);
    add('KEYRETRIEVERS', credential.keyRetrievers);
    add('RETRIEVER_TRUSTED', credential.trustedRetrievers);
    add('RENEWER', credential.renewers);
    add('LOCKMSG', credential.lockMessage?.split('\n', 1)[0]);
  });
  if (ordered.length > 1) {
    const names = ordered.slice(1).map((credential) => oneLine(credential.name ?? ''));
    lines.push(formatField('ADDL_CREDS', names.join(',')));
  }
  return lines;
}

/**
 * The credentials an INFO response describes, the default one first, the others in its order; those without a start time are none.
 * Names are taken from the keys, not from `ADDL_CREDS`, so that a name with a comma keeps its meaning.
 */
export function parseCredentialInfos(message: Buffer): CredentialInfo[] {
  const found = new Map<string, Map<string, string>>();
  for (const line of textLines(message)) {
    if (line.toString('latin1', 0, 5) !== 'CRED_') continue;
    const [, name = '', field, value = ''] = LINE.exec(line.toString('utf8')) ?? [];
    if (field === undefined) continue;
    const fields = found.get(name) ?? new Map<string, string>();
    found.set(name, fields.set(field, fields.get(field) ?? value));
  }
  const infos: CredentialInfo[] = [];
  for (const [prefix, fields] of found) {
    if (!fields.has('START_TIME')) continue;
    const optional = <Property extends string>(property: Property, field: string) => {
      const value = fields.get(field);
      return value === undefined ? {} : ({ [property]: value } as { [P in Property]: string });
    };
    infos.push({
      ...(prefix === '' ? optional('name', 'NAME') : { name: prefix }),
      ...optional('description', 'DESC'),
      startTime: parseTime(fields.get('START_TIME')),
      endTime: parseTime(fields.get('END_TIME')),
      owner: fields.get('OWNER') ?? '',
      ...optional('retrievers', 'RETRIEVER'),
      ...optional('keyRetrievers', 'KEYRETRIEVERS'),
      ...optional('trustedRetrievers', 'RETRIEVER_TRUSTED'),
      ...optional('renewers', 'RENEWER'),
      ...optional('lockMessage', 'LOCKMSG'),
    });
  }
  return defaultFirst(infos);
}

function defaultFirst(credentials: readonly CredentialInfo[]): CredentialInfo[] {
  const isDefault = ({ name = '' }: CredentialInfo) => name === '';
  return [...credentials.filter(isDefault), ...credentials.filter((info) => !isDefault(info))];
}

function oneLine(text: string): string {
  return text.replace(/[\n\0]/g, ' ');
}

function epochSeconds(time: Date): string {
  return String(Math.floor(time.getTime() / 1000));
}

/** Last second of the year 9999, the latest a certificate can name (RFC 5280 §4.1.2.5). */
const LATEST = 253_402_300_799;

function parseTime(value: string | undefined): Date {
  const seconds = value !== undefined && /^-?\d{1,15}$/.test(value) ? Number(value) : 0;
  // C servers write a 32-bit int: a time after 2038-01-19 arrives as a negative number.
  const unwrapped = seconds < 0 && seconds >= -(2 ** 31) ? seconds + 2 ** 32 : Math.max(0, seconds);
  return new Date(Math.min(unwrapped, LATEST) * 1000);
}
