import {
  type AccessPolicy,
  type ClientIdentity,
  checkPolicy,
  type Decision,
  type DecisionStep,
  type PolicyCheck,
  type PolicyName,
} from './access-policy.ts';
import type { CredentialId, CredentialPolicies, CredentialRecord } from './credential.ts';

/** What {@link decideRetrieval} decides about. */
export interface RetrievalRequest {
  readonly command: 'GET' | 'RETRIEVE';
  readonly id: CredentialId;
  readonly client: ClientIdentity;
  readonly policy: AccessPolicy;
  /** The stored credential, if there is one. */
  readonly credential: CredentialRecord | undefined;
  /** One-line base identity of the stored chain, or of the certificate the CA would issue: for self-authorization. */
  readonly identity?: string | undefined;
  /** Could a CA serve this user when nothing is stored? Default `none`. */
  readonly issuer?: 'none' | 'unknown-user' | 'ready';
}

/** Which doors are open to a client before it has authenticated. `allowed` = it may try to. */
export interface RetrievalDecision extends Decision {
  /** No second authentication needed for a key that is stored in the clear. */
  readonly isTrusted: boolean;
  readonly mayRetrieve: boolean;
  readonly mayRenew: boolean;
}

/**
 * GET and RETRIEVE before authentication, in the C server's order: key retrievers (RETRIEVE only), then trusted
 * retrievers, retrievers and renewers, of which retrievers or renewers must admit the client; then there must be
 * something to retrieve.
 */
export function decideRetrieval(request: RetrievalRequest): RetrievalDecision {
  const { client, credential } = request;
  const steps: DecisionStep[] = [];
  const lines: string[] = [];
  const check = (name: PolicyName) => {
    const decision = checkPolicy(policyCheck(name, request), client);
    steps.push(...decision.steps);
    lines.push(...decision.lines);
    return decision.allowed;
  };
  const refuse = (told: readonly string[]): RetrievalDecision => ({ ...CLOSED, lines: told, steps });

  if (request.command === 'RETRIEVE') {
    if (!check('authorized_key_retrievers')) return refuse(lines);
    if (credential === undefined) return refuse(missing(request, steps));
  }
  let isTrusted = check('trusted_retrievers');
  if (isTrusted && isSelfAuthorization(request)) {
    // Silently dropped: the client may still authenticate as anybody else does.
    isTrusted = false;
    lines.push('self-authz detected');
    steps.push(selfAuthorizationStep(request));
  }
  const mayRetrieve = check('authorized_retrievers');
  const mayRenew = check('authorized_renewers');
  if (!mayRetrieve && !mayRenew) return refuse(lines);
  if (credential === undefined && request.issuer !== 'ready') return refuse(missing(request, steps));
  return { allowed: true, isTrusted, mayRetrieve, mayRenew, lines: [], steps };
}

/** How the client has to authenticate. */
export type AuthenticationPlan =
  /** The request's pass phrase must open the key. */
  | { readonly kind: 'pass-phrase' }
  /** Nothing more: a trusted retriever of a key in the clear. A pass phrase that came along is ignored. */
  | { readonly kind: 'none' }
  /** Challenge for a signature by the stored credential's identity (methods 2 and 4). */
  | { readonly kind: 'certificate' }
  | { readonly kind: 'refused'; readonly lines: readonly string[] };

/**
 * Which authentication comes next, of the methods that need no PAM or SASL: an encrypted key always wants its pass
 * phrase; a clear one is for trusted retrievers, and for renewers who can prove the same identity.
 */
export function planAuthentication(
  decision: Pick<RetrievalDecision, 'isTrusted' | 'mayRenew'>,
  stored: { readonly isEncrypted: boolean; readonly hasPassPhrase: boolean },
): AuthenticationPlan {
  if (stored.isEncrypted) return { kind: 'pass-phrase' };
  if (decision.isTrusted) return { kind: 'none' };
  if (decision.mayRenew) return { kind: 'certificate' };
  return {
    kind: 'refused',
    lines: [...(stored.hasPassPhrase ? [] : ['no passphrase']), 'authentication failed'],
  };
}

/** What is known after authentication. */
export interface AuthenticatedRetrieval {
  readonly by: 'pass-phrase' | 'none' | 'certificate';
  /** The client's chain, or the one that answered the challenge, contains a limited proxy. */
  readonly clientIsLimited: boolean;
  /** The stored chain is itself limited. */
  readonly credentialIsLimited: boolean;
  /** `ignore_globus_limited_proxy_flag` */
  readonly ignoreLimited?: boolean;
}

/**
 * GET and RETRIEVE after authentication: the verdict of the policy that goes with the way the client authenticated,
 * then limited proxies, then locks. `issueLimited` = a proxy delegated now must be a limited one.
 */
export function decideAuthenticated(
  request: RetrievalRequest,
  decision: Pick<RetrievalDecision, 'mayRetrieve'>,
  authenticated: AuthenticatedRetrieval,
): Decision & { readonly issueLimited: boolean } {
  const { credential, command } = request;
  const steps: DecisionStep[] = [];
  const issueLimited = authenticated.clientIsLimited && authenticated.ignoreLimited !== true;
  const step = (rule: string, explanation: string) => steps.push({ rule, passed: false, explanation });
  const refuse = (...lines: string[]) => ({ allowed: false, issueLimited, lines, steps });

  if (authenticated.by === 'certificate') {
    if (isSelfAuthorization(request)) {
      steps.push(selfAuthorizationStep(request));
      return refuse('self-authz detected', 'self-authz not allowed for renewer');
    }
  } else if (!decision.mayRetrieve) {
    step('authorized_retrievers', 'the client may renew with a certificate, but not retrieve');
    return refuse('authorization failed');
  }
  if (issueLimited && credential === undefined) {
    step('limited proxies', 'the CA issues nothing to a client with a limited proxy');
    return refuse('MyProxy CA will not accept limited proxy for authentication.');
  }
  if (issueLimited && command === 'RETRIEVE' && !authenticated.credentialIsLimited) {
    step('limited proxies', 'a client with a limited proxy may not have the key of a full credential');
    return refuse('Client with limited proxy may not retrieve full credentials.');
  }
  if (credential?.lockMessage !== undefined) {
    step('lock', 'the credential is locked');
    return refuse('credential locked', ...credential.lockMessage.split('\n').filter((line) => line !== ''));
  }
  return { allowed: true, issueLimited, lines: [], steps };
}

const CLOSED = { allowed: false, isTrusted: false, mayRetrieve: false, mayRenew: false } as const;

/** An identity that cannot be told counts as the client's own: the C server refuses then too. */
function isSelfAuthorization({ policy, identity, client }: RetrievalRequest): boolean {
  if (policy.allowSelfAuthorization) return false;
  return identity === undefined || identity.toLowerCase() === client.dn.toLowerCase();
}

function selfAuthorizationStep({ identity, client }: RetrievalRequest): DecisionStep {
  const explanation =
    identity === undefined
      ? 'the identity of the credential cannot be told, so the client might be trusted with its own'
      : `the credential is "${client.dn}"'s own, and allow_self_authorization is off`;
  return { rule: 'allow_self_authorization', passed: false, explanation };
}

function missing({ id, issuer }: RetrievalRequest, steps: DecisionStep[]): readonly string[] {
  const line =
    issuer === 'unknown-user'
      ? `unknown username: ${id.username}`
      : id.name === undefined
        ? `No credentials exist for username "${id.username}".`
        : `No credentials exist with username "${id.username}" and credential name "${id.name}".`;
  steps.push({ rule: 'storage', passed: false, explanation: 'nothing is stored under this name' });
  return [line];
}

function policyCheck(name: PolicyName, { policy, credential }: RetrievalRequest): PolicyCheck {
  const [list, own, fallback] = FIELDS[name];
  return { name, list: policy[list], credential: credential?.[own], fallback: policy[fallback] };
}

type ListField = Exclude<keyof AccessPolicy, 'allowSelfAuthorization'>;

const FIELDS: Readonly<Record<PolicyName, readonly [ListField, keyof CredentialPolicies, ListField]>> = {
  authorized_key_retrievers: ['authorizedKeyRetrievers', 'keyRetrievers', 'defaultKeyRetrievers'],
  trusted_retrievers: ['trustedRetrievers', 'trustedRetrievers', 'defaultTrustedRetrievers'],
  authorized_retrievers: ['authorizedRetrievers', 'retrievers', 'defaultRetrievers'],
  authorized_renewers: ['authorizedRenewers', 'renewers', 'defaultRenewers'],
};
