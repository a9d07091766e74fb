import { constantValue } from './constant-expression.ts';

/** What conditions are asked about. */
export interface ConditionFacts {
  readonly expand: (text: string) => string;
  readonly isDefined: (name: string) => boolean;
  /** `FEATURE:OAUTH`, in capitals. */
  readonly isUsed: (template: string) => boolean;
  /** `25.14.0`. */
  readonly version: string;
}

/**
 * Whether the lines after an `if` count. Only the simple tests are there: a number, a boolean, `defined NAME`,
 * `defined use CATEGORY:NAME`, `version OP x.y.z`, each with `!` before it.
 *
 * @returns undefined when it is none of these
 */
export function isTrue(condition: string, facts: ConditionFacts): boolean | undefined {
  const text = condition.trim();
  if (text.startsWith('!')) {
    const value = isTrue(text.slice(1), facts);
    return value === undefined ? undefined : !value;
  }
  const defined = /^defined\s+(.+)$/is.exec(text);
  if (defined !== null) return isDefined(defined[1] ?? '', facts);
  const version = /^version\s*(==|!=|>=|<=|>|<)\s*([0-9.]+)$/i.exec(text);
  if (version !== null) return holds(version[1] ?? '', compareVersions(facts.version, version[2] ?? ''));
  const value = facts.expand(text).trim();
  if (value === '') return false;
  if (!/^([\d.]+|true|false|yes|no|t|f)$/i.test(value)) return undefined;
  const constant = constantValue(value);
  return constant === undefined ? undefined : Boolean(constant);
}

function isDefined(what: string, { expand, isDefined, isUsed }: ConditionFacts): boolean | undefined {
  const template = /^use\s+([A-Za-z]+)\s*:\s*(\S+)$/i.exec(what);
  if (template !== null) return isUsed(`${template[1]}:${template[2]}`.toUpperCase());
  const name = expand(what).trim();
  if (name === '') return false;
  return /^[A-Za-z0-9_.]+$/.test(name) ? isDefined(name) : undefined;
}

function holds(operator: string, order: number): boolean | undefined {
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    default:
      return undefined;
  }
}

/** Only as many numbers as the tested version has count: 8.2.3 equals 8.2. */
function compareVersions(own: string, tested: string): number {
  const wanted = tested.split('.').map(Number);
  const numbers = own.split('.').map(Number);
  for (const [index, number] of wanted.entries()) {
    const difference = (numbers[index] ?? 0) - number;
    if (difference !== 0) return difference;
  }
  return 0;
}
