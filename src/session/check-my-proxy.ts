import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Delivery, Held, Credential as Kept, Lease, Source } from '../keeper/index.ts';
import { LatchkeyError, quote, type Secret, writeFileAtomic } from '../kit/index.ts';
import { type CredentialFiles, MyProxyClient, parseServerList } from '../myproxy/index.ts';
import { readProxyFile } from '../x509/index.ts';
import { checkChain, describeChain, keptProxy } from './current-proxy.ts';
import type { Checked } from './entry.ts';
import { expandPath } from './expand-path.ts';
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
  const id = `session/my-proxy-${where.nextName()}`;
  const path = join(await where.directory(), `${id.replace(/.*\//, '')}.pem`);
  const delivery = fileDelivery(path);
  const lease: Lease = { id, owner: logon.username, kind: 'x509-proxy', provider: logon.server };
  const kept = keptProxy(first, where.clock);
  await delivery.deliver(lease, kept);
  kept.bytes.wipe();
  let expiresAt = kept.expiresAt;
  const source: Source = {
    authority: `myproxy://${logon.server}`,
    isLocal: false,
    obtain: async (_lease, abort) => {
      const made = keptProxy(
        await logon.obtain(passPhrase === undefined ? path : undefined, abort),
        where.clock,
      );
      expiresAt = made.expiresAt;
      return made;
    },
  };
  const keeper = where.keeper();
  keeper.hold(lease, source, delivery, heldOf(kept));
  return {
    material: {
      type: 'proxy',
      environment: {
        X509_USER_PROXY: path,
        ...(trustDirectory === undefined ? {} : { X509_CERT_DIR: trustDirectory }),
      },
      current: {
        isRenewable: true,
        expiresAt: () => expiresAt,
        read: async (abort) => {
          abort?.throwIfAborted();
          const current = keptProxy(await readProxyFile(path), where.clock);
          if (!isNearEnd(current, where.clock.now())) return current;
          const { lastError } = await keeper.renewNow(id);
          const renewed = keptProxy(await readProxyFile(path), where.clock);
          if ((renewed.expiresAt?.getTime() ?? 0) > where.clock.now().getTime()) return renewed;
          throw new LatchkeyError('proxy/expired', `${what} has ended and was not renewed`, {
            retryable: true,
            ...(lastError === undefined ? {} : { hint: lastError.message, details: { lastError } }),
          });
        },
      },
    },
    summary: `${logon.username} at ${logon.server}, ${describeChain(first)}`,
    warnings,
    release: async () => {
      keeper.release(id);
      passPhrase?.wipe();
      await delivery.withdraw(lease);
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

function fileDelivery(path: string): Delivery {
  return {
    deliver: async (_lease, { bytes }) => await writeFileAtomic(path, bytes.reveal(), 0o600),
    withdraw: async () => await rm(path, { force: true }),
  };
}

/** In the last tenth of its life, or within a minute of its end. */
function isNearEnd({ issuedAt, expiresAt }: Kept, now: Date): boolean {
  if (expiresAt === undefined) return false;
  const life = expiresAt.getTime() - issuedAt.getTime();
  return expiresAt.getTime() - now.getTime() < Math.min(life / 10, 60_000);
}

function heldOf({ bytes: _bytes, ...held }: Kept): Held {
  return held;
}
