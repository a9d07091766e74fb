import { createServer, type Server } from 'node:http';
import { type DefectListener, type Handler, listenerFor } from './answer.ts';

const MOST_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 10_000;

/** A small HTTP server: no bodies, short headers, few connections. */
export function smallHttpServer(handler: Handler, onDefect?: DefectListener): Server {
  const answer = listenerFor(handler, onDefect);
  const server = createServer(
    { maxHeaderSize: 8 << 10, requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      answer(request, response).catch(() => response.destroy());
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.maxRequestsPerSocket = 1_000;
  return server;
}

/** Stops listening and ends what is open. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
