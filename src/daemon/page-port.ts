import { createServer } from 'node:net';

const USUAL = 8443;
const NEARBY = 20;

/** The port that a new installation's page gets: 8443, or the first free one after it. It stays: the key's issuer is named after it. */
export async function choosePagePort(): Promise<number> {
  for (let port = USUAL; port < USUAL + NEARBY; port += 1) if (await isFree(port)) return port;
  return USUAL;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
