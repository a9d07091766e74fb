import { LatchkeyError, quote, type Secret } from '../kit/index.ts';
import { type CredentialFiles, MyProxyClient, parseServerList } from '../myproxy/index.ts';
import { checkChain, describeChain, keptProxy } from './current-proxy.ts';
import type { Checked } from './entry.ts';
import { expandPath } from './expand-path.ts';
import { keepProxy } from './kept-proxy.ts';
import { lifeTimeSeconds } from './life-time.ts';
import { resolveSecret, type SecretInput } from './secret-input.ts';
import type { Surroundings } from './surroundings.ts';

/** The attributes of MyProxy contexts. */
export interface MyProxyAttributes {
  readonly server?: string | undefined;
  readonly user_id?: string | undefined;
  readonly user_pass?: SecretInput | undefined;
  readonly life_time?: number | string | undefined;
  readonly cert_repository?: string | undefined;
}

/**
 * MyProxy: logs on, puts the proxy into the session's private directory, and has the keeper renew it before it ends: by logging on
 * again with the pass phrase. Without one the user's own credential proves who we are, if the server lets it, and later the proxy itself does.
 *
 * @throws LatchkeyError what {@link MyProxyClient} throws, and {@link checkChain}
 */
export async function checkMyProxy(
  attributes: MyProxyAttributes,
  where: Surroundings,
  signal?: AbortSignal,
): Promise<Checked> {
  const { user_pass: input } = attributes;
  const passPhrase = input === undefined ? undefined : await resolveSecret(input, where, signal);
  const logon = logonWith(attributes, passPhrase, where);
  const first = await logon.obtain(undefined, signal);
  const what = `the proxy of ${quote(logon.username)} from ${logon.server}`;
  const { warnings, trustDirectory } = await checkChain(first, what, where, logon.trustDirectory);
  const kept = await keepProxy(
    {
      name: 'my-proxy',
      owner: logon.username,
      provider: logon.server,
      authority: `myproxy://${logon.server}`,
      what,
      first: keptProxy(first, where.clock),
      make: async (path, abort) =>
        keptProxy(await logon.obtain(passPhrase === undefined ? path : undefined, abort), where.clock),
    },
    where,
  );
  return {
    material: {
      type: 'proxy',
      environment: {
        X509_USER_PROXY: kept.path,
        ...(trustDirectory === undefined ? {} : { X509_CERT_DIR: trustDirectory }),
      },
      current: kept.current,
    },
    summary: `${logon.username} at ${logon.server}, ${describeChain(first)}`,
    warnings,
    release: async () => {
      passPhrase?.wipe();
      await kept.release();
    },
  };
}

function logonWith(attributes: MyProxyAttributes, passphrase: Secret | undefined, where: Surroundings) {
  const { server, life_time: life, cert_repository: repository } = attributes;
  const username = attributes.user_id ?? where.env.LOGNAME ?? where.env.USER;
  if (username === undefined) {
    throw new LatchkeyError('session/context-invalid', 'user_id is missing', {
      hint: 'the name under which the credential is stored at the server',
    });
  }
  const trustDirectory = repository === undefined ? undefined : expandPath(repository, where);
  const client = new MyProxyClient({
    ...where.myProxy,
    clock: where.clock,
    env: { ...where.env, HOME: where.home },
    ...(server === undefined ? {} : { hostname: server }),
    ...(trustDirectory === undefined ? {} : { caCertDir: trustDirectory }),
  });
  const lifetime = life === undefined ? undefined : lifeTimeSeconds(life);
  const named = client.hostname;
  if (named === undefined) {
    throw new LatchkeyError('session/context-invalid', 'server is missing', {
      hint: 'the host of the MyProxy server, or set MYPROXY_SERVER',
    });
  }
  const [address] = parseServerList(named, client.port);
  return {
    ...{ username, trustDirectory },
    server: address === undefined ? named : `${address.host}:${address.port}`,
    /** @param renewFrom proxy file that proves who we are where there is no pass phrase; default the user's own credential */
    obtain: async (renewFrom: string | undefined, signal: AbortSignal | undefined) => {
      const { credential } = await client.logon({
        ...{ username, passphrase, lifetime, signal },
        ...(passphrase === undefined ? await proofOfSelf(renewFrom, where) : {}),
      });
      return credential;
    },
  };
}

/** On the connection we are who we are here, a challenge is answered by what is renewed. */
async function proofOfSelf(
  proxy: string | undefined,
  where: Surroundings,
): Promise<{ readonly identity?: CredentialFiles; readonly renew?: CredentialFiles }> {
  const found = await MyProxyClient.locateClientCredentials({ ...where.env, HOME: where.home });
  const own =
    found?.type === 'pair'
      ? { certFile: found.certificatePath, keyFile: found.keyPath }
      : found && { certFile: found.path };
  const renewed = proxy === undefined ? own : { certFile: proxy };
  const identity = own ?? renewed;
  return { ...(identity && { identity }), ...(renewed && { renew: renewed }) };
}
