/** How a proxy says that it is one: RFC 3820, the GT3 draft of it, or the name alone (GT2). */
export type ProxyKind = 'rfc3820' | 'draft' | 'legacy';

/**
 * What a proxy may do with the rights of its issuer: all of them, all but starting jobs, none of them, or what its policy says.
 */
export type ProxyRights = 'impersonation' | 'limited' | 'independent' | 'restricted';

/** The type of a proxy certificate. */
export interface ProxyType {
  readonly kind: ProxyKind;
  readonly rights: ProxyRights;
  /** Policy language (dotted), of a `restricted` proxy. */
  readonly languageOid?: string;
  /** The policy's own bytes. */
  readonly policy?: Buffer;
  /** How many proxies may follow below this one; no limit when absent. */
  readonly pathLength?: number;
}
