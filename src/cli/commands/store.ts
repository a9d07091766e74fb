import { readFile } from 'node:fs/promises';
import { LatchkeyError, quote, Secret } from '../../kit/index.ts';
import { isEncryptedKey } from '../../x509/index.ts';
import { accountOf, openIdentity, ownFiles } from './account.ts';
import type { Command } from './command.ts';
import { formatSpan } from './lifetime.ts';
import { findPlace, requireServer } from './place.ts';
import { policiesOf } from './policies.ts';
import { explained } from './refusal.ts';
import { clientFor } from './session.ts';

const HALF_DAY = 43_200;

/** `latchkey store`: uploads certificate and key as they are; the pass phrase of the key stays here. */
export const store: Command = async (invocation) => {
  const { given } = invocation;
  const policies = policiesOf(given);
  const place = await findPlace(invocation);
  requireServer(place);
  const username = await accountOf(invocation, place);
  const files = await ownFiles(invocation, place, { preferProxy: false });
  const identity = await openIdentity(invocation, files);
  const keyPem = await readFile(files.key, 'utf8');
  if (!isEncryptedKey(keyPem)) {
    invocation.note(
      `latchkey: the key in ${quote(files.key)} is not encrypted; the server will keep it that way`,
    );
  }
  const certificatePem = await readFile(files.certificate, 'utf8');
  const proxyLifetime = given.lifetime('proxy-lifetime') ?? HALF_DAY;
  const storing = clientFor(invocation, place, identity).store({
    username,
    credname: given.text('credential'),
    description: given.text('description'),
    lifetime: proxyLifetime,
    policies,
    pem: new Secret(storePayload(certificatePem, keyPem)),
  });
  const { server } = await explained({ username, credential: given.text('credential') }, storing);
  const limit = proxyLifetime === 0 ? 'as long as it lasts' : `up to ${formatSpan(proxyLifetime)}`;
  return {
    json: {
      username,
      credential: given.text('credential') ?? null,
      server: { host: server.host, port: server.port, dn: server.dn },
      proxyLifetimeSeconds: proxyLifetime,
      policies,
    },
    lines: [
      `certificate and key of "${username}" are on ${server.host}:${server.port}; proxies from them ${limit}`,
    ],
  };
};

/** Certificate, key, rest of the chain: the order of the wire. */
function storePayload(certificatePem: string, keyPem: string): string {
  const certificates = certificatePem.match(
    /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?/g,
  );
  const key = keyPem.match(
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----\n?/,
  )?.[0];
  const [leaf, ...rest] = certificates ?? [];
  if (leaf === undefined || key === undefined) {
    throw new LatchkeyError(
      'x509/credential-missing',
      'a certificate and a key are expected in the files to store',
    );
  }
  return [leaf, key, ...rest].map((block) => `${block.trimEnd()}\n`).join('');
}
