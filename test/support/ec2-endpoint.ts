import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Ec2Access } from '../../src/ec2/index.ts';
import { Secret } from '../../src/kit/index.ts';
import { type CloudOptions, Ec2Cloud, Ec2Refusal, escapeXml } from './ec2-cloud.ts';
import { checkSignature } from './ec2-signature.ts';

/**
 * What goes wrong with a request: refused for throttling; an internal error before or after it was carried out; the connection cut before,
 * after, or some time before it is carried out; an answer that is half of one; or a refusal of the given kind.
 */
export type Ec2Fault =
  | 'throttle'
  | 'internal'
  | 'internal-after'
  | 'cut'
  | 'lost'
  | 'late'
  | 'half'
  | {
      readonly code: string;
      readonly status?: number;
      readonly message?: string;
      readonly retryAfter?: number;
    };

/** A request as the endpoint understood it. */
export interface RecordedRequest {
  readonly action: string;
  /** Without `Action` and `Version`. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly version: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** A stand-in for an EC2 endpoint on loopback: it verifies signatures and keeps the state of what was made. */
export interface Ec2Endpoint {
  readonly url: string;
  readonly access: Ec2Access;
  readonly cloud: Ec2Cloud;
  readonly requests: readonly RecordedRequest[];
  /** Requests that were refused for their signature, by AWS's code. */
  readonly refusedSignatures: readonly string[];
}

/** How the endpoint behaves. */
export interface EndpointOptions extends CloudOptions {
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  /** Asked for each request whose signature is right; `index` counts them from 0. */
  readonly fault?: (
    action: string,
    index: number,
    parameters: ReadonlyMap<string, string>,
  ) => Ec2Fault | undefined;
  /** When something that was cut off is carried out all the same, in milliseconds of the clock; default 5000. */
  readonly lateMs?: number;
}

const ACCESS_KEY_ID = 'AKIDEXAMPLE';
const REGION = 'us-east-1';

/** Starts it; it ends after the test, with the machines of its instances. */
export async function startEc2Endpoint(
  t: Pick<TestContext, 'after'>,
  options: EndpointOptions,
): Promise<Ec2Endpoint> {
  const { secretAccessKey = 'sekrit', sessionToken } = options;
  const cloud = new Ec2Cloud(options);
  const requests: RecordedRequest[] = [];
  const refusedSignatures: string[] = [];
  const signer = {
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey,
    sessionToken,
    region: REGION,
    service: 'ec2',
  };
  const late: { readonly at: number; readonly act: () => Promise<unknown> }[] = [];
  /** One action at a time. */
  let turn: Promise<unknown> = Promise.resolve();

  const carryOut = async (): Promise<void> => {
    const due = late.filter(({ at }) => at <= cloud.now);
    for (const one of due) {
      late.splice(late.indexOf(one), 1);
      await one.act().catch(() => undefined);
    }
  };

  const answer = async (request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> => {
    const headers = request.headers as Readonly<Record<string, string | undefined>>;
    const wire = { method: request.method ?? '', target: request.url ?? '', headers, body };
    const wrong = checkSignature(wire, signer, options.clock.now());
    if (wrong !== undefined) {
      refusedSignatures.push(wrong);
      throw new Ec2Refusal(wrong, 'AWS was not able to validate the provided access credentials', 401);
    }
    const { action, version, parameters } = readForm(body);
    if (request.method !== 'POST' || request.url !== '/')
      throw new Ec2Refusal('InvalidRequest', 'POST / only');
    if (version !== '2016-11-15') throw new Ec2Refusal('InvalidParameterValue', `no version ${version}`);
    const fault = options.fault?.(action, requests.length, parameters);
    requests.push({ action, parameters, version, headers, body: body.toString('utf8') });
    await carryOut();
    const act = async () => documentOf(action, await cloud.act(action, parameters));
    switch (fault) {
      case undefined:
        return send(response, 200, await act());
      case 'throttle':
        throw new Ec2Refusal('RequestLimitExceeded', 'Request limit exceeded.', 503);
      case 'internal':
        throw new Ec2Refusal('InternalError', 'An internal error has occurred', 500);
      case 'internal-after':
        await act();
        throw new Ec2Refusal('InternalError', 'An internal error has occurred', 500);
      case 'cut':
        return cut(response);
      case 'lost':
        await act().catch(() => undefined);
        return cut(response);
      case 'late':
        late.push({ at: cloud.now + (options.lateMs ?? 5000), act });
        return cut(response);
      case 'half': {
        const document = await act();
        return send(response, 200, document.slice(0, document.length / 2));
      }
      default:
        if (fault.retryAfter !== undefined) response.setHeader('retry-after', String(fault.retryAfter));
        throw new Ec2Refusal(fault.code, fault.message ?? 'as the test wants', fault.status ?? 400);
    }
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      turn = turn.then(async () => {
        try {
          await answer(request, Buffer.concat(chunks), response);
        } catch (error) {
          const { code, message, status } =
            error instanceof Ec2Refusal ? error : new Ec2Refusal('InternalFailure', String(error), 500);
          send(response, status, refusalDocument(code, message));
        }
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await cloud.close();
  });
  const access = {
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey: new Secret(secretAccessKey),
    region: REGION,
    endpoint: url,
    ...(sessionToken === undefined ? {} : { sessionToken: new Secret(sessionToken) }),
  };
  return { url, access, cloud, requests, refusedSignatures };
}

function readForm(body: Buffer): {
  action: string;
  version: string;
  parameters: ReadonlyMap<string, string>;
} {
  const all = new URLSearchParams(body.toString('utf8'));
  const parameters = new Map<string, string>();
  for (const [name, value] of all) {
    if (parameters.has(name)) throw new Ec2Refusal('InvalidParameterCombination', `${name} is given twice`);
    if (name !== 'Action' && name !== 'Version') parameters.set(name, value);
  }
  return { action: all.get('Action') ?? '', version: all.get('Version') ?? '', parameters };
}

function documentOf(action: string, inner: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-0a</requestId>${inner}</${action}Response>`;
}

function refusalDocument(code: string, message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error></Errors><RequestID>r-9</RequestID></Response>`;
}

function send(response: ServerResponse, status: number, document: string): void {
  response.writeHead(status, { 'content-type': 'text/xml;charset=UTF-8' }).end(document);
}

function cut(response: ServerResponse): void {
  response.socket?.destroy();
}
