import type { AttributeRequest } from '../contact-request.ts';
import { checkedFqan } from '../contact-request.ts';
import type { AnswerNote } from '../response.ts';
import type { NamedValue, VoMember, VoMembership } from './membership.ts';

/** Who asks: the end entity of a chain that has been validated. */
export interface AttributeClient {
  /** One-line subject of the end-entity certificate. */
  readonly dn: string;
  /** One-line name of the authority that issued it. */
  readonly ca: string;
}

/** What the client gets. */
export interface AttributeGrant {
  /** Short forms; the first is the primary one. */
  readonly fqans: readonly string[];
  readonly attributes: readonly (NamedValue & { readonly qualifier: string })[];
  readonly lifetimeSeconds: number;
  readonly warnings: readonly AnswerNote[];
}

/** Why the client gets nothing. */
export type RefusalReason = 'no-such-user' | 'suspended' | 'not-satisfiable' | 'bad-request';

/** A refusal in the words that clients have always been told. */
export interface AttributeRefusal {
  readonly reason: RefusalReason;
  readonly message: string;
}

/** Numbers of the older interface's warnings. */
const SHORT_VALIDITY = '2';

/**
 * Decides what a client gets: what it asked for first, in its order, then every group it is in; roles only when asked for. Asked
 * for anything it has not, it gets nothing. Pure.
 *
 * @param here `host:port` of the authority, for messages
 */
export function decideAttributes(
  membership: VoMembership,
  client: AttributeClient,
  request: AttributeRequest,
  { here, now }: { readonly here: string; readonly now: Date },
): AttributeGrant | AttributeRefusal {
  const { vo } = membership;
  const member = membership.members.get(client.dn)?.find(({ ca }) => ca === undefined || ca === client.ca);
  if (member === undefined) return { reason: 'no-such-user', message: `${vo}: User unknown to this VO.` };
  const suspension = suspensionOf(member, now);
  if (suspension !== undefined) return { reason: 'suspended', message: suspension };

  const held = new Set([...member.groups, ...member.roles]);
  const asked = request.fqans === 'all' ? [...held] : request.fqans.map(checkedFqan);
  const missing = asked.find((fqan) => !held.has(fqan));
  if (missing !== undefined) {
    return {
      reason: 'not-satisfiable',
      message: `${vo}: Unable to satisfy ${commandOf(missing)} request!`,
    };
  }
  const given = [...new Set([...asked, ...member.groups])];
  const first = request.order.map(checkedFqan).filter((fqan) => given.includes(fqan));
  const fqans = [...new Set([...first, ...given])];
  return {
    fqans,
    attributes: attributesOf(membership, member, fqans),
    ...lifeOf(membership, member, request, here, now),
  };
}

/** True when the client gets nothing. */
export function isRefusal(decision: AttributeGrant | AttributeRefusal): decision is AttributeRefusal {
  return 'reason' in decision;
}

function suspensionOf({ suspended, until }: VoMember, now: Date): string | undefined {
  const head = 'User is currently suspended!';
  if (suspended !== undefined) return suspended === '' ? head : `${head}\nSuspension reason: ${suspended}`;
  if (until === undefined || now < until) return undefined;
  return `${head}\nSuspension reason: membership ended on ${until.toISOString().slice(0, 10)}`;
}

/** A request as the older interface writes it, which is how refusals have always named it. */
function commandOf(fqan: string): string {
  const [group = '', role] = fqan.split('/Role=');
  return role === undefined ? `G${group}` : `B${group}:${role}`;
}

function attributesOf(
  { vo, groupAttributes }: VoMembership,
  member: VoMember,
  fqans: readonly string[],
): AttributeGrant['attributes'] {
  const own = member.attributes.map((attribute) => ({ ...attribute, qualifier: vo }));
  const granted = fqans.flatMap((fqan) =>
    (groupAttributes.get(fqan) ?? []).map((attribute) => ({ ...attribute, qualifier: fqan })),
  );
  return [...own, ...granted];
}

function lifeOf(
  membership: VoMembership,
  member: VoMember,
  request: AttributeRequest,
  here: string,
  now: Date,
): Pick<AttributeGrant, 'lifetimeSeconds' | 'warnings'> {
  const untilEnd =
    member.until === undefined
      ? Number.POSITIVE_INFINITY
      : Math.floor((member.until.getTime() - now.getTime()) / 1_000);
  const most = Math.max(1, Math.min(membership.maxLifetimeSeconds, untilEnd));
  if (request.lifetimeSeconds <= most) {
    return { lifetimeSeconds: request.lifetimeSeconds > 0 ? request.lifetimeSeconds : most, warnings: [] };
  }
  const message = `${here}: The validity of this VOMS AC in your proxy is shortened to ${most} seconds!`;
  return { lifetimeSeconds: most, warnings: [{ code: SHORT_VALIDITY, message }] };
}
