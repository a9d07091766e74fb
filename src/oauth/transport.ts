import { createHash } from 'node:crypto';
import { boundedFetch, LruCache } from '../kit/index.ts';
import type { OAuthClient } from './client.ts';

/** Answers of authorization servers are a few kilobytes; with large group lists some tens. */
const MAX_ANSWER_BYTES = 262_144;

/** After that the machine's certificates are read again: administrators add some while a daemon runs. */
const KEPT_MS = 6 * 3_600_000;

/** Connections are kept for each way of trusting servers, whichever client object asks: those come and go with every renewal. */
const transports = new LruCache<string, typeof fetch>(64, KEPT_MS);

/** What of a client says how its server is reached. */
type Reach = Pick<
  OAuthClient,
  'ca' | 'timeoutMs' | 'dangerouslyAllowHttp' | 'dangerouslySkipTlsVerify' | 'fetch'
>;

/** What carries a client's requests. The same settings give the same function. */
export function transportOf(client: Reach): typeof fetch {
  if (client.fetch !== undefined) return client.fetch;
  const { ca, timeoutMs, dangerouslyAllowHttp, dangerouslySkipTlsVerify } = client;
  const key = createHash('sha256')
    .update(JSON.stringify([ca, timeoutMs, dangerouslyAllowHttp, dangerouslySkipTlsVerify]))
    .digest('base64');
  const known = transports.get(key);
  if (known !== undefined) return known;
  const made = boundedFetch({
    ca,
    timeoutMs,
    maxBytes: MAX_ANSWER_BYTES,
    dangerouslyAllowHttp,
    dangerouslySkipTlsVerify,
  });
  transports.set(key, made);
  return made;
}
