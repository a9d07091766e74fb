import { LatchkeyError, quote } from '../../kit/index.ts';
import {
  defaultProxyPath,
  endEntityOf,
  formatOneline,
  generateKeyPair,
  identityOf,
  issueProxy,
  keySigner,
  type ProxyKind,
  type ProxyType,
  writeProxyFile,
} from '../../x509/index.ts';
import { secondsLeft } from '../kit/time-text.ts';
import { openIdentity, ownFiles } from './account.ts';
import type { Command } from './command.ts';
import { validityJson } from './facts.ts';
import type { Given } from './given.ts';
import { formatSpan } from './lifetime.ts';
import { findPlace } from './place.ts';

const HALF_DAY = 43_200;
const KINDS: readonly ProxyKind[] = ['rfc3820', 'draft', 'legacy'];

/** `latchkey proxy init`: a proxy from the user's own certificate, made here. */
export const proxyInit: Command = async (invocation) => {
  const { given, context } = invocation;
  const type = proxyTypeOf(given);
  const lifetime = given.lifetime('lifetime') ?? HALF_DAY;
  const out = given.text('out') ?? defaultProxyPath({ ...context.env }, context.uid);
  const files = await ownFiles(invocation, await findPlace(invocation), { preferProxy: false });
  // The key is searched for while the pass phrase is typed.
  const making = generateKeyPair(
    given.flag('ec')
      ? { type: 'ec', curve: 'P-256' }
      : { type: 'rsa', bits: rsaBits(context.env.MYPROXY_KEYBITS) },
  );
  making.catch(() => {});
  const credential = await openIdentity(invocation, files);
  if (credential === 'anonymous' || 'certFile' in credential)
    throw new TypeError('an opened credential is expected');
  const [issuer] = credential.chain;
  if (issuer === undefined)
    throw new LatchkeyError('x509/credential-missing', `${quote(files.certificate)} holds no certificate`);
  const now = context.now();
  if (issuer.notAfter <= now) {
    throw new LatchkeyError('proxy/expired', `your certificate expired on ${issuer.notAfter.toISOString()}`, {
      hint: `the file is ${files.certificate}; get a new certificate from your authority`,
    });
  }
  const keys = await making;
  const proxy = await issueProxy({
    issuer,
    signer: keySigner(credential.privateKey),
    publicKey: keys.publicKey,
    type,
    limited: type.rights === 'limited',
    ...(lifetime === 0 ? {} : { lifetimeSeconds: lifetime }),
    now,
  });
  const chain = [proxy, ...credential.chain];
  await writeProxyFile({ chain, privateKey: keys.privateKey }, out);
  const identity = identityOf(chain);
  const who = identity === undefined ? '' : formatOneline(identity);
  const endEntity = endEntityOf(chain);
  const endsWithCertificate = endEntity !== undefined && endEntity.notAfter <= proxy.notAfter;
  return {
    json: {
      file: out,
      identity: who,
      kind: type.kind,
      rights: type.rights,
      ...validityJson(proxy.notBefore, proxy.notAfter, now),
    },
    lines: [
      `a proxy for ${who}, valid for ${formatSpan(secondsLeft(proxy.notAfter, now))}, is in ${out}`,
      ...(endsWithCertificate ? ['it ends with your certificate'] : []),
    ],
  };
};

/** `MYPROXY_KEYBITS`, within what is neither weak nor absurd; default 2048. */
function rsaBits(text: string | undefined): number {
  const bits = text !== undefined && /^\d{4,5}$/.test(text) ? Number(text) : 2048;
  return Math.min(Math.max(bits, 2048), 16_384);
}

function proxyTypeOf(given: Given): ProxyType {
  const named = given.text('kind') ?? 'rfc3820';
  const kind = KINDS.find((known) => known === named);
  if (kind === undefined) {
    throw new LatchkeyError('cli/usage', `--kind is one of ${KINDS.join(', ')}, not ${quote(named)}`);
  }
  const length = given.text('path-length');
  if (length !== undefined && !/^\d{1,3}$/.test(length)) {
    throw new LatchkeyError('cli/usage', `--path-length takes a number from 0 to 999, not ${quote(length)}`);
  }
  return {
    kind,
    rights: given.flag('limited') ? 'limited' : 'impersonation',
    ...(length === undefined ? {} : { pathLength: Number(length) }),
  };
}
