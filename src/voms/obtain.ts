import { LatchkeyError, quote } from '../kit/index.ts';
import type { Credential, TrustStore } from '../x509/index.ts';
import type { AttributeCertificate } from './attribute-certificate.ts';
import { contactServer } from './contact.ts';
import { type AttributeRequest, checkedFqan } from './contact-request.ts';
import { placeOf } from './contact-tls.ts';
import { checkReceived } from './received-check.ts';
import type { AnswerNote } from './response.ts';
import type { VomsDirectory } from './voms-directory.ts';
import type { VomsServer } from './vomses.ts';

/** What {@link obtainAttributes} works with. */
export interface ObtainOptions {
  /** All servers of one organisation; they are tried in random order. */
  readonly servers: readonly VomsServer[];
  readonly request: AttributeRequest;
  /** Whom to be: the user's certificate or a proxy of it; the attributes are made for its end entity. */
  readonly credential: Credential;
  readonly trust: TrustStore;
  /** LSC files; absent = attributes must be signed by the server that the `vomses` line names. */
  readonly vomsDirectory?: VomsDirectory | undefined;
  readonly now?: () => Date;
  /** For one server and one interface; default 30 s. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Do not look at what came; for those who want to look at it themselves. */
  readonly dangerouslySkipVerification?: boolean;
  /** From 0 to 1, as `Math.random`. */
  readonly random?: () => number;
  /** Told before a server is asked, and when it has given nothing. */
  readonly onServer?: (server: VomsServer, failure?: LatchkeyError) => void;
}

/** Attributes that were obtained and verified. */
export interface ObtainedAttributes {
  readonly certificate: AttributeCertificate;
  readonly server: VomsServer;
  readonly protocol: 'rest' | 'legacy';
  /** What the server, or the check, had to remark. */
  readonly warnings: readonly AnswerNote[];
}

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Obtains an attribute certificate of one organisation: its servers are asked in random order until one gives attributes that
 * are ours, signed by it, and valid.
 *
 * @throws LatchkeyError of the only server, or one that tells every failure; `details.failures` has them
 */
export async function obtainAttributes(options: ObtainOptions): Promise<ObtainedAttributes> {
  const { servers, now = () => new Date(), signal, random = Math.random, onServer = () => {} } = options;
  const failures: { server: VomsServer; error: LatchkeyError }[] = [];
  for (const server of shuffled(servers, random)) {
    onServer(server);
    try {
      return await obtainFrom(server, options, now());
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof LatchkeyError)) throw error;
      failures.push({ server, error });
      onServer(server, error);
    }
  }
  throw failureOf(failures);
}

async function obtainFrom(
  server: VomsServer,
  options: ObtainOptions,
  now: Date,
): Promise<ObtainedAttributes> {
  const { request, credential, trust, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  const { certificate, warnings, protocol } = await contactServer(server, request, {
    credential,
    trust,
    now,
    timeoutMs,
    signal,
  });
  const checked = checkReceived(certificate, {
    server,
    chain: credential.chain,
    trust,
    vomsDirectory: options.vomsDirectory,
    now,
    skip: options.dangerouslySkipVerification ?? false,
  });
  return {
    certificate: checked,
    server,
    protocol,
    warnings: [...warnings, ...missing(request, checked, server)],
  };
}

/** A server that gives less than it was asked for, without a word. */
function missing(
  { fqans }: AttributeRequest,
  certificate: AttributeCertificate,
  server: VomsServer,
): readonly AnswerNote[] {
  if (fqans === 'all') return [];
  const given = new Set(certificate.fqans.map((fqan) => attempt(() => checkedFqan(fqan)) ?? fqan));
  return fqans
    .filter((fqan) => !given.has(fqan))
    .map((fqan) => ({ code: '', message: `${placeOf(server)}: ${fqan} was asked for, and not given` }));
}

function attempt<Value>(task: () => Value): Value | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}

function shuffled<Value>(values: readonly Value[], random: () => number): readonly Value[] {
  const left = [...values];
  const order: Value[] = [];
  while (left.length > 0) {
    const [taken] = left.splice(Math.min(left.length - 1, Math.floor(random() * left.length)), 1);
    if (taken !== undefined) order.push(taken);
  }
  return order;
}

/** A refusal says more than a server that is down. */
const LEAST_TELLING = new Set(['voms/unreachable', 'voms/timed-out', 'voms/answer']);

function failureOf(
  failures: readonly { readonly server: VomsServer; readonly error: LatchkeyError }[],
): LatchkeyError {
  const [only] = failures;
  if (only === undefined) throw new TypeError('attributes are obtained from at least one server');
  if (failures.length === 1) return only.error;
  const telling = failures.find(({ error }) => !LEAST_TELLING.has(error.code)) ?? only;
  const told = failures.map(({ error }) => error.message).join('; ');
  const { code, hint } = telling.error;
  return new LatchkeyError(
    code,
    `none of the ${failures.length} servers of ${quote(only.server.vo)} gave attributes: ${told}`,
    {
      ...(hint === undefined ? {} : { hint }),
      retryable: failures.some(({ error }) => error.retryable),
      details: {
        failures: failures.map(({ server, error }) => ({
          server: placeOf(server),
          code: error.code,
          message: error.message,
        })),
      },
      cause: telling.error,
    },
  );
}
