import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { AttributeCertificate } from '../../voms/index.ts';
import type { Credential } from '../../x509/index.ts';
import { fail, type Tool, type ToolContext } from '../kit/index.ts';
import { readVomsFakeOptions, type VomsFakeOptions } from '../kit/voms-fake-options.ts';

/**
 * `voms-proxy-fake`: a proxy with attributes signed by whatever certificate one has, for tests. Nobody believes them whose VOMS directory
 * does not name that certificate.
 */
export const vomsProxyFake: Tool = async (argv, context) => {
  const options = readVomsFakeOptions(context.name, argv);
  const [{ openIssuer }, { dressCredential }, { defaultProxyPath, writeProxyFile }, { asctime }] =
    await Promise.all([
      import('../kit/voms-issuer.ts'),
      import('../../voms/index.ts'),
      import('../../x509/index.ts'),
      import('../kit/time-text.ts'),
    ]);
  const say = (text: string): void => {
    if (!options.has('quiet')) context.out(text);
  };
  const issuer = await openIssuer(context, { has: (name) => options.has(name), text: options.text });
  const credential = await issuer.open();
  const certificates = options.has('voms') ? [await pretend(options, credential, context)] : [];
  say('Creating proxy ');
  const dressed = await dressCredential(credential, {
    certificates,
    now: context.now(),
    lifetimeSeconds: options.hours * 3600,
    key: { type: 'rsa', bits: options.bits },
    type: {
      kind: options.kind,
      rights: options.has('limited') ? 'limited' : 'impersonation',
      ...(options.kind === 'legacy' || options.pathLength === undefined
        ? {}
        : { pathLength: options.pathLength }),
    },
  });
  say(' Done\n');
  const out = resolve(options.text('out') ?? defaultProxyPath({ ...context.env }, context.uid));
  await writeProxyFile(dressed, out);
  const end = dressed.chain[0]?.notAfter;
  if (end !== undefined) say(`Your proxy is valid until ${asctime(end)}\n\n`);
  return 0;
};

async function pretend(
  options: VomsFakeOptions,
  credential: Credential,
  context: ToolContext,
): Promise<AttributeCertificate> {
  const server = await openServer(options);
  const { issueAttributeCertificate } = await import('../../voms/index.ts');
  const { endEntityOf, keySigner } = await import('../../x509/index.ts');
  const holder = endEntityOf(credential.chain);
  const address = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(options.text('uri') ?? '');
  if (holder === undefined) throw fail('Error: there is no certificate of a user, only proxies');
  if (address === null) throw fail('Error: -uri must be host:port');
  const notBefore = new Date(context.now().getTime() - options.past * 1000);
  const certificate = await issueAttributeCertificate({
    holder,
    issuer: server.chain.slice(0, 1),
    signer: keySigner(server.privateKey),
    vo: (options.text('voms') ?? '').split(':', 1)[0] ?? '',
    host: address[1] ?? '',
    port: Number(address[2]),
    fqans: options.fqans,
    genericAttributes: options.genericAttributes,
    ...(options.targets.length === 0 ? {} : { targets: options.targets }),
    notBefore,
    notAfter: new Date(notBefore.getTime() + options.attributesHours * 3_600_000),
    holderName: options.has('newformat') ? 'issuer' : 'subject',
    serialNumber: 1n,
  });
  const separate = options.text('separate');
  if (separate !== undefined) {
    const { writeFileAtomic } = await import('../../kit/index.ts');
    await writeFileAtomic(resolve(separate), certificate.der, 0o600);
  }
  return certificate;
}

async function openServer(options: VomsFakeOptions): Promise<Credential> {
  const certificate = options.text('hostcert');
  const key = options.text('hostkey');
  if (certificate === undefined) throw fail('Error: You must specify an host certificate!');
  if (key === undefined) throw fail('Error: You must specify an host key!');
  const { parseCredential } = await import('../../x509/index.ts');
  const texts = [certificate, key].map((path) =>
    readFile(path, 'utf8').catch(() => {
      throw fail(`Could not open host credential file: ${path}`);
    }),
  );
  return parseCredential((await Promise.all(texts)).join('\n'));
}
