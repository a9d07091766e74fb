import type { Finding } from '../../kit/index.ts';

/** A virtual organisation as an authority knows it: everything that decides who gets which attributes. */
export interface VoMembership {
  readonly vo: string;
  /** Longest life of an attribute certificate, in seconds. */
  readonly maxLifetimeSeconds: number;
  /** Life when the client asks for none, in seconds. */
  readonly defaultLifetimeSeconds: number;
  /** Attributes that every member of a group, or everybody who takes a role, has: by FQAN in its short form. */
  readonly groupAttributes: ReadonlyMap<string, readonly NamedValue[]>;
  /** By one-line subject; several when authorities share a name. */
  readonly members: ReadonlyMap<string, readonly VoMember[]>;
}

/** One member. */
export interface VoMember {
  /** One-line subject of the certificate. */
  readonly dn: string;
  /** One-line name of the authority that must have issued it; absent = any that is trusted. */
  readonly ca?: string;
  /** The main group first, then the others, as the file has them. */
  readonly groups: readonly string[];
  /** Roles in their short form, `/vo/group/Role=x`: given only when asked for. */
  readonly roles: readonly string[];
  readonly attributes: readonly NamedValue[];
  /** Why the membership is suspended; empty = no reason is given. Absent = it is not. */
  readonly suspended?: string;
  /** Membership ends then. */
  readonly until?: Date;
}

/** A generic attribute, without its qualifier. */
export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/** What a membership file says, or what is wrong with it: with an error there is no membership. */
export interface MembershipContents {
  readonly membership?: VoMembership;
  readonly findings: readonly Finding[];
}
