import { matchesExpression } from './expression.ts';

/** What stands for the name of a client that showed no certificate; policies match it as text. */
export const ANONYMOUS_DN = '<anonymous>';

/** Who the client is, as policies see it. */
export interface ClientIdentity {
  /** One-line base identity (`/O=Grid/CN=Jane`, proxy names stripped), or {@link ANONYMOUS_DN}. */
  readonly dn: string;
  /** Fully qualified attribute names of verified VOMS attribute certificates. */
  readonly fqans: readonly string[];
  /** True when the client authenticated with a limited proxy. */
  readonly isLimited: boolean;
}

/** A list of expressions; `undefined` = not configured. */
export type PolicyList = readonly string[] | undefined;

/**
 * The server's own lists. A list that is not set lets nobody in (`authorized…`, `accepted…`, `trusted…`), or adds no
 * check (`default…`).
 */
export interface AccessPolicy {
  readonly acceptedCredentials: PolicyList;
  readonly authorizedRetrievers: PolicyList;
  readonly defaultRetrievers: PolicyList;
  readonly authorizedRenewers: PolicyList;
  readonly defaultRenewers: PolicyList;
  readonly authorizedKeyRetrievers: PolicyList;
  readonly defaultKeyRetrievers: PolicyList;
  readonly trustedRetrievers: PolicyList;
  readonly defaultTrustedRetrievers: PolicyList;
  /** May a retriever or renewer be trusted with a credential of its own identity? The C server's default is false. */
  readonly allowSelfAuthorization: boolean;
}

/** One thing that was looked at on the way to a decision, for `config explain`. */
export interface DecisionStep {
  /** Name of the rule, as the configuration file calls it. */
  readonly rule: string;
  readonly passed: boolean;
  /** One sentence, lower case, no full stop. */
  readonly explanation: string;
}

/** A verdict with what the client is told and why. */
export interface Decision {
  readonly allowed: boolean;
  /** The lines the C server sends; empty when allowed. */
  readonly lines: readonly string[];
  readonly steps: readonly DecisionStep[];
}

/** The names of the four lists that have a per-credential and a default form, in the C server's texts. */
export type PolicyName =
  | 'authorized_key_retrievers'
  | 'trusted_retrievers'
  | 'authorized_retrievers'
  | 'authorized_renewers';

/** What {@link checkPolicy} compares. */
export interface PolicyCheck {
  readonly name: PolicyName;
  readonly list: PolicyList;
  /** The credential's own expression. */
  readonly credential: string | undefined;
  readonly fallback: PolicyList;
}

/**
 * The three-fold check of the C server: the server's list must admit the client; then the credential's expression if
 * it has one; otherwise the default list, if that is configured.
 */
export function checkPolicy(check: PolicyCheck, client: ClientIdentity): Decision {
  const { name, list, credential, fallback } = check;
  const steps: DecisionStep[] = [];
  const refuse = (whose: string): Decision => ({
    allowed: false,
    lines: [`"${client.dn}" not authorized by ${whose} ${name} policy`],
    steps,
  });
  if (!admits(steps, name, list, client)) return refuse("server's");
  if (credential !== undefined) {
    const passed = matchesExpression(credential, client);
    const relation = passed ? 'admits' : 'does not admit';
    steps.push({
      rule: name,
      passed,
      explanation: `the credential's own expression "${credential}" ${relation} "${client.dn}"`,
    });
    if (!passed) return refuse("credential's");
  } else if (fallback !== undefined) {
    if (!admits(steps, DEFAULT_OF[name], fallback, client)) return refuse("server's default");
  }
  return { allowed: true, lines: [], steps };
}

/** True when an entry of `list` admits the client; adds the step. A list that is not set admits nobody. */
export function admits(
  steps: DecisionStep[],
  rule: string,
  list: PolicyList,
  client: ClientIdentity,
): boolean {
  const entry = list?.find((expression) => matchesExpression(expression, client));
  const explanation =
    entry !== undefined
      ? `"${client.dn}" matches the entry "${entry}"`
      : list === undefined || list.length === 0
        ? `${rule} is not set, so nobody is admitted`
        : `"${client.dn}" matches no entry of ${rule}`;
  steps.push({ rule, passed: entry !== undefined, explanation });
  return entry !== undefined;
}

/**
 * Why a server must not start with this policy: everybody would be a trusted retriever of everything. The C server
 * looks at the first entries only; here any entry `*` counts. `undefined` = nothing against it.
 */
export function findUnsafePolicy(policy: AccessPolicy): string | undefined {
  const { trustedRetrievers, defaultTrustedRetrievers } = policy;
  if (!trustedRetrievers?.some(admitsEverybody)) return undefined;
  if (defaultTrustedRetrievers === undefined) {
    return 'unsafe policy: trusted_retrievers is * but default_trusted_retrievers is not set.';
  }
  if (defaultTrustedRetrievers.some(admitsEverybody)) {
    return 'unsafe policy: trusted_retrievers and default_trusted_retrievers are both *.';
  }
  return undefined;
}

function admitsEverybody(expression: string): boolean {
  return /^(subject:)?\*+$/i.test(expression);
}

const DEFAULT_OF: Readonly<Record<PolicyName, string>> = {
  authorized_key_retrievers: 'default_key_retrievers',
  trusted_retrievers: 'default_trusted_retrievers',
  authorized_retrievers: 'default_retrievers',
  authorized_renewers: 'default_renewers',
};
