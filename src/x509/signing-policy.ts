import type { Finding } from '../kit/index.ts';
import { quote } from '../kit/index.ts';
import type { Name } from './name.ts';
import { formatOneline } from './name-oneline.ts';
import { comparableOneline, compileSubjectPattern, unescapePattern } from './signing-policy-pattern.ts';
import { type PolicyToken, tokenizePolicy } from './signing-policy-tokens.ts';

/** The names an authority may sign (the `access_id_CA` blocks of a `.signing_policy` file). */
export interface SigningPolicy {
  /** The authority's name in OpenSSL one-line form, as the file has it. */
  readonly authority: string;
  /** Patterns on one-line names; the last `*` of each stands for one or more characters. */
  readonly subjects: readonly string[];
}

/** What a `.signing_policy` file says, and what is wrong with it (line numbers in `index`). */
export interface SigningPolicyFile {
  /** One policy for each authority named; empty when the file has a syntax error, for then the C tools use nothing of it. */
  readonly policies: readonly SigningPolicy[];
  readonly findings: readonly SigningPolicyFinding[];
}

/** A fault of a `.signing_policy` file. */
export interface SigningPolicyFinding extends Finding {
  readonly code: 'policy/syntax' | 'policy/condition' | 'policy/pattern';
  /** `error`: the file, or the block, allows nothing because of this. */
  readonly severity: 'error' | 'warning';
}

/** Largest text that is read, in characters. Real files have a few hundred. */
const MAX_POLICY_LENGTH = 256 * 1024;

/**
 * Reads the text of a `.signing_policy` file (GSI's "extended access control list" syntax). Never throws: faults are findings.
 * Like the C tools it takes any white space between words, `'…'` around words with blanks, `#` comments, several blocks.
 */
export function parseSigningPolicy(text: string): SigningPolicyFile {
  const findings: SigningPolicyFinding[] = [];
  if (text.length > MAX_POLICY_LENGTH) {
    findings.push({
      code: 'policy/syntax',
      severity: 'error',
      message: `a signing policy of ${text.length} characters, where ${MAX_POLICY_LENGTH} are the limit`,
    });
    return { policies: [], findings };
  }
  const grants = readGrants(tokenizePolicy(text), findings);
  if (findings.some((finding) => finding.code === 'policy/syntax')) return { policies: [], findings };
  if (!/\s$/.test(text)) {
    const message = 'the last line has no line end: the C tools refuse such a file';
    findings.push({ code: 'policy/syntax', severity: 'warning', message });
  }
  const merged = new Map<string, SigningPolicy>();
  for (const { authority, subjects } of grants) {
    const key = comparableOneline(authority);
    const before = merged.get(key);
    merged.set(key, { authority, subjects: [...(before?.subjects ?? []), ...subjects] });
  }
  return { policies: [...merged.values()], findings };
}

/** True when the policy lets its authority sign `subject`. Letter case does not matter, as in the C tools. */
export function isNameAllowed(policy: SigningPolicy, subject: Name): boolean {
  const oneline = comparableOneline(formatOneline(subject));
  return policy.subjects.some((pattern) => compileSubjectPattern(pattern)(oneline));
}

/** The text of a `.signing_policy` file that the C tools read as this policy. */
export function formatSigningPolicy(policy: SigningPolicy): string {
  const subjects = policy.subjects.map((pattern) => {
    // Inside the double quotes the C tools undo backslashes once more, and `"` can only be written in hexadecimal.
    return `"${pattern.replace(/["\\]/g, (c) => (c === '"' ? '\\x22' : '\\\\'))}"`;
  });
  return [
    `access_id_CA X509 ${quoteWord(policy.authority)}`,
    'pos_rights globus CA:sign',
    `cond_subjects globus ${quoteWord(subjects.join(' '))}`,
    '',
  ].join('\n');
}

function quoteWord(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}

const PRINCIPALS = new Set([
  'access_id_ANYBODY',
  'access_id_USER',
  'access_id_GROUP',
  'access_id_HOST',
  'access_id_CA',
  'access_id_APPLICATION',
]);

/** principal+ (right condition*)+, repeated; a right's conditions must all be met, one right is enough. */
function readGrants(tokens: readonly PolicyToken[], findings: SigningPolicyFinding[]): SigningPolicy[] {
  const grants: SigningPolicy[] = [];
  let at = 0;
  const fault = (message: string) => {
    const index = (tokens[at] ?? tokens[tokens.length - 1])?.line ?? 1;
    findings.push({ code: 'policy/syntax', severity: 'error', message, index });
    at = tokens.length;
    return '';
  };
  const take = (what: string): string => {
    const token = tokens[at];
    if (token === undefined) return fault(`${what} is missing at the end of the file`);
    if (token.isOpen) return fault(`a ' that is never closed`);
    at += 1;
    return token.text;
  };
  const next = (): string => tokens[at]?.text ?? '';

  if (tokens.length === 0) fault('the file is empty');
  while (at < tokens.length) {
    const authorities: string[] = [];
    while (at < tokens.length && next().startsWith('access_')) {
      const type = take('a principal');
      if (!PRINCIPALS.has(type)) {
        fault(`${quote(type)} is no kind of principal`);
        break;
      }
      if (type === 'access_id_ANYBODY') continue;
      const definedBy = take('the kind of name');
      const value = take('the name');
      if (type === 'access_id_CA' && definedBy === 'X509') authorities.push(value);
    }
    if (at >= tokens.length) {
      if (findings.length === 0) fault('a principal without rights');
      break;
    }
    if (!/^(pos|neg)_rights$/.test(next())) {
      fault(`${quote(next())} where "access_id_CA", "pos_rights" or "cond_subjects" belongs`);
      break;
    }
    while (/^(pos|neg)_rights$/.test(next())) {
      const line = tokens[at]?.line ?? 1;
      const sign = take('a right');
      const definedBy = take('the authority of the right');
      const right = take('the right');
      const conditions: string[][] = [];
      while (next().startsWith('cond_'))
        conditions.push(readCondition(take, tokens[at]?.line ?? 1, findings));
      if (sign !== 'pos_rights' || definedBy !== 'globus' || right !== 'CA:sign') continue;
      const [subjects] = conditions;
      if (subjects !== undefined && conditions.length === 1) {
        // Of several principals in a row the C tools give the rights to the last.
        const authority = authorities[authorities.length - 1];
        if (authority !== undefined) grants.push({ authority, subjects });
        continue;
      }
      findings.push({
        code: 'policy/condition',
        severity: 'error',
        index: line,
        message:
          subjects === undefined
            ? 'the right CA:sign without cond_subjects: it would allow every name, so it allows none'
            : `${conditions.length} conditions for one right, of which all would have to hold: write one cond_subjects with all patterns`,
      });
    }
  }
  return grants;
}

function readCondition(
  take: (what: string) => string,
  line: number,
  findings: SigningPolicyFinding[],
): string[] {
  const type = take('a condition');
  const definedBy = take('the authority of the condition');
  const value = take('the value of the condition');
  if (type !== 'cond_subjects' || definedBy !== 'globus') {
    const message = `the condition ${quote(`${type} ${definedBy}`)} is not known, so it is never met`;
    findings.push({ code: 'policy/condition', severity: 'error', message, index: line });
    return [];
  }
  const patterns: string[] = [];
  for (const raw of splitPatterns(value)) {
    const pattern = unescapePattern(raw);
    if (pattern === undefined) {
      const message = `the pattern ${quote(raw)} has a bad escape or a line break`;
      findings.push({ code: 'policy/pattern', severity: 'error', message, index: line });
      // One bad pattern voids the whole condition in the C tools.
      return [];
    }
    if (pattern.indexOf('*') !== pattern.lastIndexOf('*') || pattern.includes('?')) {
      findings.push({
        code: 'policy/pattern',
        severity: 'warning',
        index: line,
        message: `in the pattern ${quote(pattern)} only the last * stands for other characters, as in the C tools`,
      });
    }
    patterns.push(pattern);
  }
  return patterns;
}

/** `"a" "b"` or a single bare pattern. */
function splitPatterns(value: string): string[] {
  return value
    .split('"')
    .map((part) => part.replace(/^[ \t]+/, ''))
    .filter((part) => part !== '');
}
