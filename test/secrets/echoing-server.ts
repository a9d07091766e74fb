import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { LoopbackCertificate } from '../support/loopback-certificate.ts';

/** A server that tells everybody what it was told: in error descriptions, HTML pages, headers and redirects. */
export interface EchoingServer {
  readonly origin: string;
  /** Bodies and `Authorization` headers that came, by path. */
  readonly heard: ReadonlyMap<string, string>;
}

export async function startEchoingServer(
  t: TestContext,
  certificate: LoopbackCertificate,
): Promise<EchoingServer> {
  const heard = new Map<string, string>();
  const server = createServer(
    { cert: certificate.certificate, key: certificate.key },
    (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => {
        const { pathname } = new URL(request.url ?? '/', 'https://localhost');
        const said = [body, request.headers.authorization ?? '', request.url ?? ''].join(' ');
        heard.set(pathname, said);
        const plain = decodeURIComponent(said.replaceAll('+', ' '));
        const header = said.replace(/[^\x20-\x7e]/g, '?');
        const answers: Readonly<Record<string, () => void>> = {
          '/grant': () => {
            response.writeHead(400, { 'content-type': 'application/json' });
            response.end(
              JSON.stringify({
                error: 'invalid_grant',
                error_description: `unknown: ${plain}`,
                error_uri: plain,
              }),
            );
          },
          '/html': () => {
            response.writeHead(500, { 'content-type': 'text/html', 'x-echo': header });
            response.end(`<h1>Failed</h1><pre>${plain}</pre>`);
          },
          '/moved': () => {
            response.writeHead(302, { location: `https://localhost:1/?${said}` });
            response.end();
          },
          '/challenge': () => {
            response.writeHead(401, {
              'www-authenticate': `Bearer error="invalid_token", error_description="${header.replaceAll('"', '')}"`,
              'content-type': 'application/json',
            });
            response.end(JSON.stringify({ error: 'invalid_client', error_description: plain }));
          },
          '/torn': () => {
            response.writeHead(200, { 'content-type': 'application/json' });
            response.end(`{"access_token": "${plain}`);
          },
          '/wrong': () => {
            response.writeHead(200, { 'content-type': 'application/json' });
            response.end(JSON.stringify({ access_token: 7, token_type: plain, scope: { plain } }));
          },
          '/hook': () => {
            response.writeHead(500, { 'content-type': 'text/plain' });
            response.end(plain);
          },
        };
        (answers[pathname] ?? answers['/html'])?.();
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `https://localhost:${(server.address() as AddressInfo).port}`, heard };
}
