import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, isLatchkeyError, type LatchkeyError } from '../../kit/index.ts';
import { retryDelayMs } from '../back-off.ts';
import type { MuxClient } from '../mux/client.ts';
import type { Prober } from '../mux/prober.ts';
import { type Forward, type ForwardKeeper, forwardError, ManagedForward } from './forward.ts';
import {
  answersSocks,
  freeLocalPort,
  hangsUpAtOnce,
  type LocalEnd,
  localListener,
  removeStaleSocket,
} from './local-end.ts';
import {
  beginProof,
  type EarlyProof,
  type Proof,
  probeTarget,
  proveForward,
  proveListener,
} from './proof.ts';
import { checkForward, describeEnd, type ForwardEnd, type ForwardSpec, muxForward } from './spec.ts';
import { ForwardWatch } from './watch.ts';

/** Forwards of one connection; sshd itself knows no bound. */
const MAX_FORWARDS = 1000;
/** A free port may be taken by somebody else before ssh has it. */
const PORT_ATTEMPTS = 10;
const CLOSE_TIMEOUT_MS = 3000;
const DEFAULT_CHECK_SECONDS = 60;
/** Of the looks at what does not work. */
const FULL_LOOK_EVERY = 8;

/** The login that forwards ride on. */
export interface ForwardHost {
  readonly mux: Pick<MuxClient, 'openForward' | 'closeForward'>;
  readonly prober: Pick<Prober, 'probe'>;
  /** Where the server itself listens, as seen from there. */
  readonly own: ForwardEnd;
  /** Removes a socket file over there. */
  removeSocket(path: string): Promise<void>;
  /** Before the first remote forward: servers before 10.1 answer slowly unless a session is open. */
  prepareRemote(): Promise<void>;
}

/**
 * The forwards of a connection: asked for, proven, looked at again now and then, taken back, and asked for again when the connection was made
 * again or nobody listens any more.
 */
export class Forwards implements ForwardKeeper {
  readonly #clock: Clock;
  readonly #all = new Set<ManagedForward>();
  readonly #watch: ForwardWatch | undefined;
  /** Those that are being asked for again. */
  readonly #renewing = new Set<ManagedForward>();
  readonly #ending = new AbortController();
  #host: ForwardHost | undefined;
  #lastId = 0;

  /** @param checkSeconds as in `SshOptions` */
  constructor(clock: Clock, checkSeconds: number = DEFAULT_CHECK_SECONDS) {
    this.#clock = clock;
    if (!(checkSeconds >= 0)) throw new TypeError(`forwardCheckSeconds is 0 or more, not ${checkSeconds}`);
    if (checkSeconds > 0)
      this.#watch = new ForwardWatch(clock, Math.min(checkSeconds, 86_400) * 1000, (...look) =>
        this.#look(...look),
      );
  }

  get list(): readonly Forward[] {
    return [...this.#all];
  }

  now(): Date {
    return this.#clock.now();
  }

  /** @throws TypeError; LatchkeyError `ssh/forward` (`details.reason`), `ssh/lost` */
  async open(spec: ForwardSpec, host: ForwardHost, wantsProof: boolean): Promise<Forward> {
    checkForward(spec);
    this.#lastId += 1;
    const forward = new ManagedForward(this.#lastId, spec, wantsProof, this);
    if (this.#all.size >= MAX_FORWARDS) {
      throw forwardError(forward, 'too-many', `a connection has ${MAX_FORWARDS} forwards at most`);
    }
    // ssh takes the same request twice for once, and would take both back together.
    if ([...this.#all].some((other) => other.requestKey === forward.requestKey)) {
      if (spec.kind === 'remote' || !('port' in spec.listen) || spec.listen.port !== 0) {
        throw forwardError(forward, 'exists', 'the connection has this forward already');
      }
    }
    this.#all.add(forward);
    const early = wantsProof ? beginProof(spec, host.prober, host.own) : undefined;
    try {
      await this.#establish(forward, host);
    } catch (error) {
      this.#forget(forward);
      forward.enter('closed', isLatchkeyError(error) ? error : undefined);
      throw error;
    }
    if (wantsProof) await this.prove(forward, early);
    if (this.#all.has(forward)) this.#watch?.add(forward);
    return forward;
  }

  /** Somebody's connection through one of them failed. */
  alarm(): void {
    this.#watch?.alarm();
  }

  /** Another login stands: everything is asked for again. */
  attach(host: ForwardHost): void {
    this.#host = host;
    for (const forward of this.#all) if (forward.asked !== undefined) void this.#reestablish(forward, host);
  }

  /** The login is gone, and all listeners with it. */
  detach(cause: LatchkeyError | undefined): void {
    this.#host = undefined;
    for (const forward of this.#all) forward.enter('lost', cause);
  }

  async prove(forward: ManagedForward, early?: EarlyProof): Promise<void> {
    const host = this.#host;
    if (host === undefined) return;
    this.#found(forward, host, await proveForward(forward, host.prober, host.own, early));
  }

  async close(forward: ManagedForward): Promise<void> {
    if (!this.#all.has(forward)) return;
    const host = this.#host;
    try {
      if (host !== undefined && forward.asked !== undefined) await this.#takeBack(forward, host);
    } catch (error) {
      // With the login its listeners went as well.
      if (!isLatchkeyError(error, 'ssh/lost')) throw error;
    } finally {
      this.#forget(forward);
      const { listen } = forward.spec;
      if (forward.spec.kind === 'local' && 'socketPath' in listen) await removeStaleSocket(listen.socketPath);
      forward.enter('closed');
    }
  }

  /** Takes all back that would leave something behind, and forgets the rest: the login is about to end. */
  async closeAll(): Promise<void> {
    this.#ending.abort();
    const all = [...this.#all];
    const lasting = all.filter((forward) => 'socketPath' in forward.spec.listen);
    const bound = delay(CLOSE_TIMEOUT_MS, undefined, { ref: false });
    await Promise.race([Promise.allSettled(lasting.map((forward) => forward.close())), bound]);
    for (const forward of all) {
      this.#forget(forward);
      forward.enter('closed');
    }
  }

  #forget(forward: ManagedForward): void {
    this.#all.delete(forward);
    this.#watch?.remove(forward);
  }

  async #look(forward: ManagedForward, failures: number): Promise<void> {
    const host = this.#host;
    if (host === undefined || forward.state === 'lost' || forward.state === 'requested') return;
    const { spec, state } = forward;
    // OpenSSH keeps a little of each question that the server answers with no: mostly its own forward tells as much.
    const isShort = failures % FULL_LOOK_EVERY !== 0;
    if (isShort && state === 'degraded' && spec.kind === 'local' && (await hangsUpAtOnce(spec.listen)))
      return;
    if (isShort && state === 'listening' && spec.kind === 'dynamic' && forward.cause !== undefined) {
      if ((await answersSocks(spec.listen)) === undefined) return;
    }
    if (forward.wantsProof) return this.prove(forward);
    // Who wants no connection to be made is only asked whether it listens here.
    const proof = await proveListener(forward);
    if (proof !== undefined) this.#found(forward, host, proof);
  }

  #found(forward: ManagedForward, host: ForwardHost, { state, cause }: Proof): void {
    if (this.#host !== host || forward.isClosing || forward.state === 'closed') return;
    if (this.#renewing.has(forward) && state === 'lost') return;
    if (forward.state !== state || forward.cause?.message !== cause?.message) forward.enter(state, cause);
    if (state === 'lost') void this.#renew(forward, host);
  }

  /** Nobody listens though the login stands: ssh must forget the forward before it makes it again. */
  async #renew(forward: ManagedForward, host: ForwardHost): Promise<void> {
    if (this.#renewing.has(forward)) return;
    this.#renewing.add(forward);
    try {
      if (forward.asked !== undefined) await host.mux.closeForward(muxForward(forward.asked)).catch(() => {});
      await this.#reestablish(forward, host);
    } finally {
      this.#renewing.delete(forward);
    }
  }

  async #establish(forward: ManagedForward, host: ForwardHost): Promise<void> {
    this.#host = host;
    const { spec } = forward;
    if (spec.kind === 'remote') await this.#establishRemote(forward, spec, host);
    else await this.#establishLocal(forward, spec, host);
    forward.enter('listening');
  }

  async #establishLocal(forward: ManagedForward, spec: ForwardSpec, host: ForwardHost): Promise<void> {
    const { listen } = spec;
    const isAnyPort = 'port' in listen && listen.port === 0;
    const attempts = isAnyPort ? PORT_ATTEMPTS : 1;
    for (let attempt = 1; ; attempt += 1) {
      // ssh does not tell which port it took for 0.
      const end: ForwardEnd = isAnyPort ? { ...listen, port: await freeLocalPort(listen.host) } : listen;
      const before = isAnyPort ? 'free' : await makeFree(end);
      if (before !== 'free') throw notFree(forward, end, before);
      const asked = { ...spec, listen: end };
      try {
        await host.mux.openForward(muxForward(asked));
      } catch (error) {
        if (!isLatchkeyError(error, 'ssh/forward') || attempt < attempts) {
          if (attempt < attempts) continue;
          throw error;
        }
        const now = await localListener(end);
        if (now !== 'free') throw notFree(forward, end, now);
        throw refused(forward, error);
      }
      forward.wasAsked(asked);
      forward.spec = asked;
      return;
    }
  }

  async #establishRemote(
    forward: ManagedForward,
    spec: Extract<ForwardSpec, { kind: 'local' | 'remote' }>,
    host: ForwardHost,
  ): Promise<void> {
    const { listen } = spec;
    await host.prepareRemote().catch(() => {});
    for (let attempt = 1; ; attempt += 1) {
      try {
        const port = await host.mux.openForward(muxForward(spec));
        forward.wasAsked(spec);
        if (port !== undefined && 'port' in listen && listen.port === 0) {
          forward.spec = { ...spec, listen: { ...listen, port } };
        }
        return;
      } catch (error) {
        if (!isLatchkeyError(error, 'ssh/forward')) throw error;
        const result =
          'port' in listen && listen.port === 0 ? undefined : await host.prober.probe(probeTarget(listen));
        if (result?.outcome === 'connected') throw notFree(forward, listen, 'taken', 'over there');
        // A socket file that an earlier login left behind: sshd takes it for somebody's.
        if (!('socketPath' in listen) || result?.outcome !== 'refused' || attempt > 1)
          throw refused(forward, error);
        await host.removeSocket(listen.socketPath).catch(() => {});
      }
    }
  }

  async #reestablish(forward: ManagedForward, host: ForwardHost): Promise<void> {
    for (let attempt = 1; this.#host === host && !forward.isClosing && this.#all.has(forward); attempt += 1) {
      try {
        await this.#establish(forward, host);
        if (forward.wantsProof) await this.prove(forward);
        return;
      } catch (error) {
        if (this.#host !== host) return;
        // The old login's listener may live on over there until its sshd notices.
        forward.enter('lost', isLatchkeyError(error) ? error : forwardError(forward, 'lost', String(error)));
        const pause = retryDelayMs(attempt, 'unreachable', Math.random());
        await this.#clock.sleep(pause, this.#ending.signal).catch(() => {});
      }
    }
  }

  async #takeBack(forward: ManagedForward, host: ForwardHost): Promise<void> {
    const { asked, spec } = forward;
    if (asked === undefined) return;
    await host.mux.closeForward(muxForward(asked));
    const { listen } = spec;
    if ('socketPath' in listen) {
      if (spec.kind === 'remote') await host.removeSocket(listen.socketPath).catch(() => {});
      return;
    }
    // The master's answer says that it has asked, not that it is so.
    for (let waited = 0; waited < CLOSE_TIMEOUT_MS; waited += 50) {
      const isOpen =
        spec.kind === 'remote'
          ? (await host.prober.probe(probeTarget(listen))).outcome === 'connected'
          : (await localListener(listen)) === 'taken';
      if (!isOpen) return;
      await delay(50);
    }
    throw forwardError(forward, 'still-listening', 'it was taken back, but somebody still listens there');
  }
}

/** Whether an end can be listened on, once a socket file that nobody listens on is out of the way. */
function makeFree(end: ForwardEnd): Promise<LocalEnd> {
  return 'socketPath' in end ? removeStaleSocket(end.socketPath) : localListener(end);
}

function notFree(
  forward: ManagedForward,
  end: ForwardEnd,
  what: 'taken' | 'forbidden',
  where = 'here',
): LatchkeyError {
  const name = describeEnd(end);
  return what === 'taken'
    ? forwardError(forward, 'taken', `${name} is taken ${where}`, {
        hint: 'use another one, or port 0 for any that is free',
        retryable: true,
      })
    : forwardError(forward, 'forbidden', `${name} cannot be listened on ${where}`, {
        hint: 'is it an address of this machine, and a port that you may use (1024 and above)?',
      });
}

function refused(forward: ManagedForward, error: LatchkeyError): LatchkeyError {
  return forwardError(forward, 'refused', `ssh refused (${String(error.details.reason ?? error.message)})`, {
    hint:
      forward.spec.kind === 'remote'
        ? 'is the port taken over there, and does sshd_config allow it: AllowTcpForwarding, PermitListen, GatewayPorts, AllowStreamLocalForwarding, DisableForwarding?'
        : 'is the directory there, and may you write to it?',
    retryable: true,
    cause: error,
  });
}
