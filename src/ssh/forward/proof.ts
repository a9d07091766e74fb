import type { LatchkeyError } from '../../kit/index.ts';
import type { ProbeResult, Prober } from '../mux/prober.ts';
import { type ForwardState, forwardError, type ManagedForward } from './forward.ts';
import { answers, answersSocks, localListener } from './local-end.ts';
import { describeEnd, type ForwardEnd, type ForwardSpec } from './spec.ts';

/** What came of looking. */
export interface Proof {
  readonly state: ForwardState;
  readonly cause?: LatchkeyError | undefined;
}

/** The half of a proof that needs no listener: what the server says of the way to the target. */
export type EarlyProof = Promise<ProbeResult>;

/**
 * Begins to prove a forward that is about to be opened: the server is asked for the way while the master makes the listener. A remote forward has
 * no half that can be asked for alone.
 *
 * @param own see {@link proveForward}
 */
export function beginProof(
  spec: ForwardSpec,
  prober: Pick<Prober, 'probe'>,
  own: ForwardEnd,
): EarlyProof | undefined {
  if (spec.kind === 'remote') return undefined;
  return prober.probe(probeTarget(spec.kind === 'local' ? spec.connect : own));
}

/**
 * Looks whether connections through a forward arrive: the end that listens, and the way to the target. What was begun early stands
 * for a forward whose listener the master has just confirmed, so that nobody need look for that.
 *
 * @param own where the server itself listens over there: what stands for the targets of a SOCKS proxy, which nobody knows yet
 */
export async function proveForward(
  forward: ManagedForward,
  prober: Pick<Prober, 'probe'>,
  own: ForwardEnd,
  early?: EarlyProof,
): Promise<Proof> {
  const { spec } = forward;
  if (spec.kind === 'remote') return proveRemote(forward, spec.listen, spec.connect, prober);
  const unheard = early === undefined ? await proveListener(forward) : undefined;
  if (unheard !== undefined) return unheard;
  if (spec.kind === 'dynamic') {
    const error = await answersSocks(spec.listen);
    if (error !== undefined) return lost(forward, `the SOCKS proxy: ${error.message}`);
    return proveSocks(forward, await (early ?? prober.probe(probeTarget(own))));
  }
  const result = await (early ?? prober.probe(probeTarget(spec.connect)));
  if (result.outcome === 'connected') return { state: 'proven' };
  const target = describeEnd(spec.connect);
  if (result.outcome === 'refused') {
    return degraded(forward, 'target', `nobody answers at ${target} over there (${result.reason})`, {
      hint: 'start what is to listen there; the forward need not be made again',
    });
  }
  if (result.outcome === 'prohibited') {
    const setting =
      'socketPath' in spec.connect ? 'AllowStreamLocalForwarding' : 'AllowTcpForwarding and PermitOpen';
    return degraded(
      forward,
      'prohibited',
      `the server does not let through to ${target} (${result.reason})`,
      {
        hint: `ask its administrator about ${setting} in sshd_config, and about DisableForwarding`,
      },
    );
  }
  return {
    state: 'listening',
    cause: forwardError(forward, 'unproven', `it could not be tried: ${result.reason}`),
  };
}

/** A server that tried to connect lets through, whether anybody was there or not; what it forbids may be only that target. */
function proveSocks(forward: ManagedForward, { outcome, ...told }: ProbeResult): Proof {
  if (outcome === 'connected' || outcome === 'refused') return { state: 'proven' };
  const why = 'reason' in told ? told.reason : outcome;
  const what =
    outcome === 'prohibited'
      ? `the proxy answers, but the server does not let through to itself (${why}), and nobody knows whither it does`
      : `the proxy answers, but nobody could try whether connections come through: ${why}`;
  const hint =
    outcome === 'prohibited'
      ? 'try what you need it for; AllowTcpForwarding and PermitOpen in sshd_config, and DisableForwarding, say what is let through'
      : undefined;
  return {
    state: 'listening',
    cause: forwardError(forward, 'unproven', what, hint === undefined ? {} : { hint }),
  };
}

/** Looks whether the end on this machine is there, without a connection to it; undefined when it is, or is over there. */
export async function proveListener(forward: ManagedForward): Promise<Proof | undefined> {
  const { kind, listen } = forward.spec;
  if (kind === 'remote' || (await localListener(listen)) !== 'free') return undefined;
  return lost(forward, `nobody listens on ${describeEnd(listen)} any more`);
}

async function proveRemote(
  forward: ManagedForward,
  listen: ForwardEnd,
  connect: ForwardEnd,
  prober: Pick<Prober, 'probe'>,
): Promise<Proof> {
  const [there, here] = await Promise.all([prober.probe(probeTarget(listen)), answers(connect)]);
  if (there.outcome === 'refused') {
    return lost(forward, `nobody listens on ${describeEnd(listen)} over there any more (${there.reason})`);
  }
  if (here !== undefined) {
    return degraded(forward, 'target', `nobody answers at ${describeEnd(connect)} here (${here.message})`, {
      hint: 'start what is to listen there; the forward need not be made again',
    });
  }
  if (there.outcome === 'connected') return { state: 'proven' };
  // The server may allow listeners and no connections to them: that says nothing about the forward.
  return {
    state: 'listening',
    cause: forwardError(forward, 'unproven', `it could not be tried: ${there.reason}`),
  };
}

/** An address that listens on all interfaces is reached by the loopback. */
export function probeTarget(end: ForwardEnd): { host: string; port: number } | { socketPath: string } {
  if ('socketPath' in end) return end;
  const host = end.host ?? '127.0.0.1';
  if (host === '0.0.0.0' || host === '*') return { host: '127.0.0.1', port: end.port };
  return { host: host === '::' ? '::1' : host, port: end.port };
}

function lost(forward: ManagedForward, what: string): Proof {
  return { state: 'lost', cause: forwardError(forward, 'lost', what, { retryable: true }) };
}

function degraded(forward: ManagedForward, reason: string, what: string, more: { hint: string }): Proof {
  return { state: 'degraded', cause: forwardError(forward, reason, what, { ...more, retryable: true }) };
}
