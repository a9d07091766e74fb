import { access } from 'node:fs/promises';
import { LatchkeyError, quote } from '../kit/index.ts';
import { type Credential, findExtension, isLimitedChain, parseCredential } from '../x509/index.ts';
import type { CarriedAttributes } from './carried-attributes.ts';
import { checkChain, describeChain, endOf, keptProxy } from './current-proxy.ts';
import type { Checked } from './entry.ts';
import { expandPath } from './expand-path.ts';
import { readPrivateText } from './private-file.ts';
import type { Surroundings } from './surroundings.ts';

/** The attributes of X509 and VOMS contexts. */
export interface ProxyAttributes {
  readonly user_proxy?: string | undefined;
  readonly user_cert?: string | undefined;
  readonly user_key?: string | undefined;
  readonly user_vo?: string | undefined;
  readonly cert_repository?: string | undefined;
}

const VOMS_ATTRIBUTES = '1.3.6.1.4.1.8005.100.100.5';

/** Where a credential of the grid lies. */
interface Place {
  readonly files: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly note?: string | undefined;
}

/** X509: the chain parses, its key is the leaf's, there is time left, and it leads to a trusted root where there is a trust directory. */
export async function checkX509(attributes: ProxyAttributes, where: Surroundings): Promise<Checked> {
  const place = await placeOf(attributes, where);
  const named = attributes.cert_repository;
  const directory = named === undefined ? undefined : expandPath(named, where);
  const first = await readPlace(place, where);
  const what = `the proxy in ${quote(place.files[0])}`;
  const { warnings, trustDirectory } = await checkChain(first.credential, what, where, directory);
  const voWarnings =
    attributes.user_vo === undefined ? [] : checkVo(first.credential, attributes.user_vo, what);
  const carried = await carriedBy(first.credential, what, where, trustDirectory);
  let expiresAt = endOf(first.credential);
  return {
    material: {
      type: 'proxy',
      environment: {
        ...place.environment,
        ...(trustDirectory === undefined ? {} : { X509_CERT_DIR: trustDirectory }),
      },
      current: {
        isRenewable: false,
        expiresAt: () => expiresAt,
        // Somebody may have made it anew meanwhile.
        read: async () => {
          const { credential } = await readPlace(place, where);
          expiresAt = endOf(credential);
          return keptProxy(credential, where.clock);
        },
      },
    },
    summary: [place.files.join(' and '), describeChain(first.credential), ...carried.texts].join(', '),
    warnings: [
      ...first.warnings,
      ...warnings,
      ...voWarnings,
      ...carried.warnings,
      ...(place.note === undefined ? [] : [place.note]),
      ...(isLimitedChain(first.credential.chain)
        ? [`${what} is limited: most services start no jobs for it`]
        : []),
    ],
  };
}

/** Its attributes, for those that have some: most proxies have none, and nothing is loaded for them. */
async function carriedBy(
  credential: Credential,
  what: string,
  where: Surroundings,
  trustDirectory: string | undefined,
): Promise<Pick<CarriedAttributes, 'texts' | 'warnings'>> {
  if (!credential.chain.some((certificate) => findExtension(certificate, VOMS_ATTRIBUTES) !== undefined))
    return { texts: [], warnings: [] };
  const { readCarriedAttributes } = await import('./carried-attributes.ts');
  return await readCarriedAttributes(credential, what, where, trustDirectory);
}

/** The credential that the attributes name, or the usual proxy, as it is now. */
export async function readOwnProxy(attributes: ProxyAttributes, where: Surroundings): Promise<Credential> {
  return (await readPlace(await placeOf(attributes, where), where)).credential;
}

async function readPlace(
  place: Place,
  where: Surroundings,
): Promise<{ readonly credential: Credential; readonly warnings: readonly string[] }> {
  const [certificateFile, keyFile] = place.files;
  const warnings: string[] = [];
  const texts: string[] = [];
  for (const path of place.files) {
    // A certificate of its own is public.
    const isPublic = keyFile !== undefined && path === certificateFile;
    const policy = isPublic ? ({ ...where, permissions: 'dangerously-ignore' } as const) : where;
    const file = await readPrivateText(path, 'proxy', policy);
    texts.push(file.text);
    warnings.push(...file.warnings);
  }
  try {
    return { credential: await parseCredential(texts.join('\n')), warnings };
  } catch (cause) {
    if (!(cause instanceof LatchkeyError)) throw cause;
    throw new LatchkeyError(cause.code, `${quote(certificateFile)} is no usable proxy: ${cause.message}`, {
      hint:
        cause.hint ?? 'a proxy file holds a certificate, its key and its chain, as grid-proxy-init writes it',
      details: { path: certificateFile },
      cause,
    });
  }
}

async function placeOf(attributes: ProxyAttributes, where: Surroundings): Promise<Place> {
  const { user_proxy: proxy, user_cert: certificate, user_key: key } = attributes;
  if (proxy !== undefined) return proxyPlace(expandPath(proxy, where));
  if (certificate === undefined && key === undefined) return await defaultProxy(where);
  if (certificate === undefined || key === undefined) {
    const missing = key === undefined ? 'user_key' : 'user_cert';
    throw new LatchkeyError(
      'session/context-invalid',
      `${missing} is missing: user_cert and user_key go together`,
    );
  }
  const files = [expandPath(certificate, where), expandPath(key, where)] as const;
  return { files: [...files], environment: { X509_USER_CERT: files[0], X509_USER_KEY: files[1] } };
}

/** `$X509_USER_PROXY`, else `/tmp/x509up_u<uid>`; the brief's `/tmp/x509_u<uid>` when only that exists. */
export async function defaultProxy({
  env,
  home,
  uid,
}: Pick<Surroundings, 'env' | 'home' | 'uid'>): Promise<Place> {
  if (env.X509_USER_PROXY) return proxyPlace(expandPath(env.X509_USER_PROXY, { env, home }));
  const usual = `/tmp/x509up_u${uid}`;
  const misprint = `/tmp/x509_u${uid}`;
  if (!(await exists(usual)) && (await exists(misprint))) {
    return { ...proxyPlace(misprint), note: `${misprint} is used; other programs look for ${usual}` };
  }
  return proxyPlace(usual);
}

function proxyPlace(path: string): Place {
  return { files: [path], environment: { X509_USER_PROXY: path } };
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** Whether the proxy carries attributes of the organisation. Nothing is verified: that is for the service it is shown to. */
function checkVo(credential: Credential, vo: string, what: string): string[] {
  const attributes = credential.chain.map((certificate) => findExtension(certificate, VOMS_ATTRIBUTES));
  const found = attributes.find((extension) => extension !== undefined);
  // The policy authority of an attribute certificate reads vo://host:port.
  if (found?.value.includes(`${vo}://`)) return [];
  const problem =
    found === undefined ? 'has no attributes of any organisation' : 'has attributes of another one';
  throw new LatchkeyError('session/context-unusable', `${what} ${problem}, not of ${quote(vo)}`, {
    hint: `voms-proxy-init -voms ${vo}`,
  });
}
