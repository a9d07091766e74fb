import { LatchkeyError, quote } from '../kit/index.ts';
import {
  attributeCertificatesOf,
  dressCredential,
  loadVomses,
  obtainWishes,
  parseVomsWish,
  serversOf,
  type VomsServer,
} from '../voms/index.ts';
import { type Credential, loadTrustDirectory, locateTrustDirectory } from '../x509/index.ts';
import { openVomsDirectory, readCarriedAttributes } from './carried-attributes.ts';
import { checkX509, type ProxyAttributes, readOwnProxy } from './check-x509.ts';
import { describeChain, keptProxy } from './current-proxy.ts';
import type { Checked } from './entry.ts';
import { expandPath } from './expand-path.ts';
import { keepProxy } from './kept-proxy.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * VOMS: a proxy with attributes of an organisation. One that has them is used as it is, unless they are of no use anywhere (expired,
 * somebody else's, altered); otherwise a proxy with them is put below it in the session's private directory, and made anew before it
 * or they end: of the proxy as it is then.
 *
 * @throws LatchkeyError `voms/attributes-refused` when they are of no use and there is no server to get others from; what
 * {@link checkX509} and the VOMS servers throw
 */
export async function checkVoms(
  attributes: ProxyAttributes,
  where: Surroundings,
  signal?: AbortSignal,
): Promise<Checked> {
  const { user_vo: vo } = attributes;
  if (vo === undefined) {
    throw new LatchkeyError('session/context-invalid', 'user_vo is missing', {
      hint: 'the name of the virtual organisation that the proxy must speak for, or VO:/vo/group/Role=x',
    });
  }
  const wish = parseVomsWish(vo);
  // Without attributes in question, so that what is wrong with the proxy itself is told first.
  const { user_vo: _, ...ofProxy } = attributes;
  const plain = await checkX509(ofProxy, where);
  const first = await readOwnProxy(attributes, where);
  let refusal: LatchkeyError | undefined;
  if (wish.command === undefined) {
    const trustDirectory = await findTrustDirectory(attributes, where);
    const carried = await readCarriedAttributes(first, 'the proxy', where, trustDirectory);
    refusal = carried.refusalOf(wish.name);
    if (refusal === undefined && hasAttributes(first, wish.name, where))
      return await checkX509(attributes, where);
  }
  const servers = serversOf(
    (await loadVomses({ env: { ...where.env, HOME: where.home } })).servers,
    wish.name,
  );
  const [server] = servers;
  if (server === undefined) {
    if (refusal !== undefined) throw refusal;
    // The message of a proxy without attributes.
    if (wish.command === undefined) return await checkX509(attributes, where);
    throw new LatchkeyError('voms/unknown-organisation', `no VOMS server of ${quote(wish.name)} is known`, {
      hint: 'put the line its managers publish into ~/.voms/vomses',
    });
  }
  const make = dresser(attributes, { vo, servers }, where);
  const what = `the proxy with attributes of ${quote(wish.name)}`;
  const made = await make(signal);
  const kept = await keepProxy(
    {
      name: 'voms',
      owner: server.vo,
      provider: `VOMS ${server.vo}`,
      authority: `voms://${server.vo}`,
      what,
      first: made.kept,
      make: async (_path, abort) => (await make(abort)).kept,
    },
    where,
  );
  const { environment = {} } = plain.material.type === 'proxy' ? plain.material : {};
  return {
    ...plain,
    material: {
      type: 'proxy',
      environment: { ...environment, X509_USER_PROXY: kept.path },
      current: kept.current,
    },
    summary: `${made.fqans.join(', ')} of ${server.vo}, ${describeChain(made.credential)}`,
    warnings: [...(plain.warnings ?? []), ...made.warnings],
    release: async () => {
      await kept.release();
      await plain.release?.();
    },
  };
}

function dresser(
  attributes: ProxyAttributes,
  { vo, servers }: { readonly vo: string; readonly servers: readonly VomsServer[] },
  where: Surroundings,
) {
  return async (signal: AbortSignal | undefined) => {
    const credential = await readOwnProxy(attributes, where);
    const directory = await findTrustDirectory(attributes, where);
    if (directory === undefined) {
      throw new LatchkeyError('x509/trust-missing', 'there is no directory of trusted authorities', {
        hint: 'a VOMS server must be known before it is asked: set cert_repository, or X509_CERT_DIR',
      });
    }
    const obtained = await obtainWishes([parseVomsWish(vo)], {
      servers,
      credential,
      trust: await loadTrustDirectory(directory),
      vomsDirectory: await openVomsDirectory(where),
      now: () => where.clock.now(),
      lifetimeSeconds: 0,
      signal,
    });
    const certificates = obtained.map(({ certificate }) => certificate);
    const dressed = await dressCredential(credential, {
      certificates,
      now: where.clock.now(),
      lifetimeSeconds: 0,
    });
    const kept = keptProxy(dressed, where.clock);
    const ends = [kept.expiresAt, ...certificates.map(({ notAfter }) => notAfter)];
    const expiresAt = new Date(Math.min(...ends.map((end) => end?.getTime() ?? Number.POSITIVE_INFINITY)));
    return {
      credential: dressed,
      // What does not speak for the organisation any more is of no use here.
      kept: { ...kept, expiresAt },
      fqans: certificates.flatMap(({ fqans }) => fqans),
      warnings: obtained.flatMap(({ warnings }) => warnings.map(({ message }) => message)),
    };
  };
}

async function findTrustDirectory(
  { cert_repository: repository }: ProxyAttributes,
  where: Surroundings,
): Promise<string | undefined> {
  return repository === undefined
    ? await locateTrustDirectory({ env: where.env, home: where.home })
    : expandPath(repository, where);
}

/** True for attributes that hold a while yet. */
function hasAttributes({ chain }: Credential, vo: string, where: Surroundings): boolean {
  const until = where.clock.now().getTime() + where.leastSecondsLeft * 1_000;
  return attributeCertificatesOf(chain).some(
    ({ certificate, problem }) =>
      // What cannot be read is told as before.
      problem !== undefined || (certificate?.vo === vo && certificate.notAfter.getTime() > until),
  );
}
