import { isLatchkeyError, type LatchkeyError } from '../../kit/index.ts';
import type { LogonResult } from '../../myproxy/index.ts';
import { attributeCertificatesOf, dressCredential, parseVomsWish, unevenEnds } from '../../voms/index.ts';
import { prepareErrand, unevenWarning } from '../kit/voms-contact.ts';
import type { Invocation } from './command.ts';

/**
 * Puts attributes below a proxy that was retrieved. The server may know VOMS servers that are not known here: that is only an error
 * when it put no attributes in.
 *
 * @param vos as `-voms` names them
 */
export async function dressLogon(
  { context, note }: Invocation,
  vos: readonly string[],
  trustDirectory: string | undefined,
): Promise<(result: LogonResult) => Promise<LogonResult>> {
  const wishes = vos.map(parseVomsWish);
  let unknown: LatchkeyError | undefined;
  const errand = await prepareErrand(context, {
    wishes,
    trustDirectory,
    lifetimeSeconds: 0,
    onFinding: (message) => note(`  ${message}`),
    onServer: ({ host, port, vo }, failure) =>
      note(failure === undefined ? `asking ${host}:${port} for ${vo} …` : `  ${failure.message}`),
  }).catch((error: unknown) => {
    if (!isLatchkeyError(error)) throw error;
    unknown = error;
    return undefined;
  });
  return async (result) => {
    const carried = attributeCertificatesOf(result.chain).filter(({ proxyIndex }) => proxyIndex === 0);
    const given = new Set(carried.map(({ certificate }) => certificate?.vo));
    if (wishes.every(({ name }) => given.has(name))) return result;
    if (errand === undefined) throw unknown;
    const obtained = await errand.obtain(result.credential);
    const certificates = obtained.map(({ certificate }) => certificate);
    const credential = await dressCredential(result.credential, {
      certificates,
      now: context.now(),
      lifetimeSeconds: 0,
    });
    for (const uneven of unevenEnds(result.expires, certificates)) note(unevenWarning(uneven));
    return { ...result, credential, chain: credential.chain, privateKey: credential.privateKey };
  };
}
