import { encode, encodeInteger, encodeOctetString, encodeSequence } from '../../src/asn1/index.ts';
import {
  attributeCertificatesOf,
  parseAttributeCertificate,
  parseFqan,
  parseLscFile,
  validateAttributeCertificates,
  verifiedFqans,
} from '../../src/voms/index.ts';
import type { Certificate } from '../../src/x509/index.ts';
import { makeVomsGrid, type VomsGrid } from '../support/voms-grid.ts';
import type { Target } from '../x509/fuzzer.ts';

const ATTRIBUTES = '1.3.6.1.4.1.8005.100.100.5';

/** The chain of a proxy whose extension has these bytes; the proxy's own signature is not looked at here. */
export function carrying([proxy, ...above]: readonly Certificate[], value: Buffer): Certificate[] {
  if (proxy === undefined) throw new TypeError('a chain without a proxy');
  const others = proxy.extensions.filter(({ oid }) => oid !== ATTRIBUTES);
  const extensions = [...others, { oid: ATTRIBUTES, critical: false, value }];
  return [Object.create(proxy, { extensions: { value: extensions } }) as Certificate, ...above];
}

/** Everything of this room that reads what strangers send. */
export async function makeVomsTargets(grid?: VomsGrid): Promise<Target[]> {
  const { trust, vomsDirectory, now, ...lab } = grid ?? (await makeVomsGrid());
  const rich = await lab.attributes({
    genericAttributes: [{ name: 'nick', value: 'jane', qualifier: 'testvo' }],
    targets: ['a.example', 'b.example'],
  });
  const plain = await lab.attributes({ holderName: 'issuer' });
  const chain = await lab.dressed([rich]);
  const list = (...parts: readonly Buffer[]) => encodeSequence(encodeSequence(...parts));
  const validate = (proxy: readonly Certificate[]) =>
    validateAttributeCertificates(proxy, { trust, vomsDirectory, now, targetHost: 'a.example' });
  const held = new Set([...rich.fqans, ...plain.fqans]);
  return [
    {
      name: 'attribute certificate',
      samples: [rich.der, plain.der],
      read: (input) => void parseAttributeCertificate(input),
    },
    {
      name: 'list of attribute certificates',
      samples: [list(rich.der), list(plain.der, rich.der), list()],
      read: (input) => {
        const carried = carrying(chain, input);
        for (const { problem } of attributeCertificatesOf(carried)) if (problem !== undefined) throw problem;
        // Whatever was changed, nothing is proven that the server did not sign.
        const strange = verifiedFqans(validate(carried)).find((fqan) => !held.has(fqan));
        if (strange !== undefined) throw new Error(`${strange} was proven by ${input.toString('hex')}`);
      },
    },
    {
      name: 'LSC file',
      samples: [Buffer.from('/O=Grid/CN=a\n/O=Grid/CN=CA\n------ NEXT CHAIN ------\n"/CN=b"\n/CN=c\n')],
      read: (input) => void parseLscFile(input.toString('latin1')),
    },
    {
      name: 'FQAN',
      samples: rich.fqans.map((fqan) => Buffer.from(fqan)),
      read: (input) => void parseFqan(input.toString('latin1')),
    },
  ];
}

/** DER that is nothing but depth. */
export function nested(depth: number): Buffer {
  let der = encodeInteger(1);
  for (let i = 0; i < depth; i += 1) der = encodeSequence(der);
  return der;
}

/** DER that is nothing but breadth. */
export function crowded(count: number): Buffer {
  return encode(0x30, ...Array.from({ length: count }, () => encodeOctetString(Buffer.from('/testvo'))));
}
