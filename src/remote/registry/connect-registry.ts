import { isLatchkeyError, type Secret } from '../../kit/index.ts';
import type { PyroLocation } from '../../pyro/index.ts';
import { RegistryClient } from './registry-client.ts';

const CONNECT_TIMEOUT_MS = 3000;
const AWAY = ['pyro/unreachable', 'pyro/timed-out', 'pyro/cancelled'] as const;

/**
 * Connects to the registry of model servers, as their settings have it: `hkey` is the key of the name server too, unless that has none.
 *
 * @throws LatchkeyError as `connectObject` does
 */
export async function connectRegistry(
  registry: PyroLocation,
  key: Secret | undefined,
  signal?: AbortSignal,
): Promise<RegistryClient> {
  const options = { connectTimeoutMs: CONNECT_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
  if (key === undefined) return await RegistryClient.connect(registry, options);
  try {
    return await RegistryClient.connect(registry, { ...options, hmacKey: key });
  } catch (error) {
    if (AWAY.some((code) => isLatchkeyError(error, code))) throw error;
    return await RegistryClient.connect(registry, options).catch(() => {
      // It has one, and it is another.
      throw error;
    });
  }
}
