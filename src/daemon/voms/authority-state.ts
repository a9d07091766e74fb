import { resolve } from 'node:path';
import { type Clock, LatchkeyError, LruCache } from '../../kit/index.ts';
import type { AttributeAuthority, VoMembership } from '../../voms/index.ts';
import {
  keySigner,
  loadTrustDirectory,
  locateTrustDirectory,
  namesEqual,
  subjectAltNames,
  type TrustDirectory,
} from '../../x509/index.ts';
import type { Log } from '../log.ts';
import {
  loadServerCredential,
  locateServerCredential,
  type ServerCredential,
  type ServerCredentialFiles,
} from '../server-credential.ts';
import { Watch } from '../watch.ts';
import type { AuthoritySettings } from './authority-settings.ts';
import { loadMembership } from './membership-file.ts';

/** Half of a file is no membership. */
const SETTLE_MS = 1_000;
const REMEMBERED_SIGNATURES = 10_000;

/** Everything behind an authority's listener. What changes on disk is noticed; what is bad is logged and leaves the old in force. */
export class AuthorityState {
  readonly settings: AuthoritySettings;
  readonly trust: TrustDirectory;
  /** Signatures on client chains that were found good. */
  readonly verified = new LruCache<string, true>(REMEMBERED_SIGNATURES);
  readonly #files: ServerCredentialFiles;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #membershipWatch: Watch;
  readonly #credentialWatch: Watch;
  #membership: VoMembership;
  #credential: ServerCredential;

  private constructor(
    settings: AuthoritySettings,
    parts: {
      readonly log: Log;
      readonly clock: Clock;
      readonly trust: TrustDirectory;
      readonly files: ServerCredentialFiles;
      readonly membership: VoMembership;
      readonly credential: ServerCredential;
    },
  ) {
    this.settings = settings;
    this.trust = parts.trust;
    this.#files = parts.files;
    this.#log = parts.log;
    this.#clock = parts.clock;
    this.#membership = parts.membership;
    this.#credential = parts.credential;
    this.#membershipWatch = new Watch([settings.membership], parts.clock, { settleMs: SETTLE_MS });
    this.#credentialWatch = new Watch([parts.files.certificate, parts.files.key], parts.clock);
  }

  /** @throws LatchkeyError when the settings cannot work */
  static async open(settings: AuthoritySettings, log: Log, clock: Clock): Promise<AuthorityState> {
    const path = settings.trustDirectory ?? (await locateTrustDirectory());
    if (path === undefined) {
      throw new LatchkeyError(
        'x509/trust-missing',
        'no trust directory: clients could not be authenticated',
        {
          hint: 'name one with --trust, or set X509_CERT_DIR',
        },
      );
    }
    const membership = await loadMembership(settings.membership);
    const trust = await loadTrustDirectory(resolve(path));
    const files = await locateServerCredential(settings.credential);
    const credential = await loadServerCredential(files, trust, settings.listen, clock.now());
    const state = new AuthorityState(settings, { log, clock, trust, files, membership, credential });
    await Promise.all([state.#membershipWatch.hasChanged(), state.#credentialWatch.hasChanged()]);
    return state;
  }

  get credential(): ServerCredential {
    return this.#credential;
  }

  get membership(): VoMembership {
    return this.#membership;
  }

  /** What answers the next request, on this port. */
  authority(port: number): AttributeAuthority {
    const { chain, key } = this.#credential;
    return {
      membership: this.#membership,
      host: this.settings.host ?? hostOf(this.#credential),
      port,
      certificates: chain.filter(({ subject, issuer }, at) => at === 0 || !namesEqual(subject, issuer)),
      signer: keySigner(key),
    };
  }

  /** Looks whether files have changed, at most twice a second, and takes the new contents. Never rejects. */
  async notice(): Promise<void> {
    if (await this.#membershipWatch.hasChanged()) await this.#attempt('membership', this.#readMembership);
    if (await this.#credentialWatch.hasChanged())
      await this.#attempt('server certificate', this.#readCredential);
    await this.#attempt('trust directory', async () => {
      await this.trust.refresh(this.#clock.now());
    });
  }

  /** Reads everything again; rejects with the first thing that was bad, after trying all. */
  async reload(): Promise<void> {
    await this.#membershipWatch.accept();
    const errors = [
      await this.#attempt('membership', this.#readMembership),
      await this.#attempt('server certificate', this.#readCredential),
    ];
    const first = errors.find((error) => error !== undefined);
    if (first !== undefined) throw first;
  }

  readonly #readMembership = async (): Promise<void> => {
    const next = await loadMembership(this.settings.membership);
    if (next.vo !== this.#membership.vo) {
      throw new LatchkeyError(
        'config/invalid',
        `${this.settings.membership} is of ${next.vo} now: another organisation needs an authority of its own`,
      );
    }
    this.#membership = next;
    this.#log.write('info', `membership of ${next.vo} read: ${memberCount(next)} members`);
  };

  readonly #readCredential = async (): Promise<void> => {
    const { listen } = this.settings;
    this.#credential = await loadServerCredential(this.#files, this.trust, listen, this.#clock.now());
  };

  async #attempt(what: string, task: () => Promise<void>): Promise<unknown> {
    try {
      await task();
      return undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log.write('error', `${what} not reloaded, the old one stays in force: ${why}`);
      return error;
    }
  }
}

/** How many certificates have members. */
export function memberCount({ members }: VoMembership): number {
  return [...members.values()].reduce((sum, same) => sum + same.length, 0);
}

function hostOf({ chain }: ServerCredential): string {
  const [leaf] = chain;
  const names = leaf === undefined ? [] : subjectAltNames(leaf);
  const dns = names.find((name) => name.type === 'dns' && !name.value.includes('*'));
  if (dns?.type === 'dns') return dns.value;
  const common = leaf?.subject.rdns
    .flat()
    .filter((attribute) => attribute.type === '2.5.4.3')
    .at(-1)?.text;
  const host = common?.replace(/^[a-z]+\//i, '');
  if (host !== undefined && /^[\w.-]{1,255}$/.test(host)) return host;
  throw new LatchkeyError('config/invalid', 'the certificate of the authority names no host', {
    hint: 'say how the authority is called: --host-name NAME, or host_name in its [[voms]] section',
  });
}
