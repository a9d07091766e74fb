import { LatchkeyError, quote } from '../../kit/index.ts';
import {
  attributeCertificatesExtension,
  loadVomses,
  obtainWishes,
  parseVomses,
  parseVomsWish,
  type VomsDirectory,
  type VomsServer,
} from '../../voms/index.ts';
import type { Credential, Extension, TrustStore } from '../../x509/index.ts';

/** What a client asks for with `VONAME` and `VOMSES`. */
interface AttributesWanted {
  /** `vo`, or `vo:/vo/group/Role=x`. */
  readonly voNames: readonly string[];
  /** Lines of `vomses` files. */
  readonly vomses: readonly string[];
  readonly lifetimeSeconds: number;
}

/** Obtains attributes for the proxies that the server delegates (`allow_voms_attribute_requests`). */
export interface AttributeSource {
  /**
   * @param credential the stored one: who asks the VOMS server
   * @returns the extension for the delegated proxy
   * @throws LatchkeyError `voms/…`
   */
  extensionFor(
    wanted: AttributesWanted,
    credential: Credential,
    how: {
      readonly trust: TrustStore;
      /** LSC files; undefined = the server that the `vomses` line names is the one to sign. */
      readonly vomsDirectory: VomsDirectory | undefined;
      readonly now: Date;
      readonly signal: AbortSignal;
    },
  ): Promise<Extension>;
}

/** A VOMS server is given this long, so that the client does not give up first. */
const TIMEOUT_MS = 20_000;

/**
 * Asks the VOMS servers that this server's own `vomses` files name. A line that a client sends only chooses among them: with lines of
 * its own it could have the server call any host, as the user whose credential is stored.
 *
 * @param userConf `voms_userconf`: a file or directory; absent = the usual places
 */
export function vomsAttributes(userConf: string | undefined): AttributeSource {
  return {
    extensionFor: async (wanted, credential, { trust, vomsDirectory, now, signal }) => {
      const { servers } = await loadVomses(userConf === undefined ? {} : { paths: [userConf] });
      const obtained = await obtainWishes(wanted.voNames.map(parseVomsWish), {
        servers: chosen(servers, wanted.vomses),
        credential,
        trust,
        vomsDirectory,
        now: () => now,
        lifetimeSeconds: wanted.lifetimeSeconds,
        timeoutMs: TIMEOUT_MS,
        signal,
      });
      return attributeCertificatesExtension(obtained.map(({ certificate }) => certificate));
    },
  };
}

function chosen(known: readonly VomsServer[], lines: readonly string[]): readonly VomsServer[] {
  if (lines.length === 0) return known;
  return parseVomses(lines.join('\n')).servers.map((wanted) => {
    const found = known.find(
      ({ host, port, dn, vo }) =>
        host === wanted.host && port === wanted.port && dn === wanted.dn && vo === wanted.vo,
    );
    if (found !== undefined) return { ...found, alias: wanted.alias };
    throw new LatchkeyError(
      'voms/unknown-organisation',
      `the VOMS server ${quote(`${wanted.host}:${wanted.port}`)} is not one that this MyProxy server knows`,
      { hint: 'its operator can add the line to voms_userconf' },
    );
  });
}
