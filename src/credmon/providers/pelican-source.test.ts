import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PelicanProvider } from '../settings.ts';
import { pelicanClient } from './pelican-source.ts';

const provider: PelicanProvider = {
  mode: 'pelican',
  name: 'pelican',
  minimumSeconds: 1200,
  clientId: 'ap',
  dangerouslySkipTlsVerify: false,
};

test('a client secret is never sent to a server that only a stored token names', async () => {
  const open = { ...provider, clientSecretFile: '/nonexistent/secret' };
  await assert.rejects(pelicanClient(open, 10), { code: 'oauth/config' });
  assert.equal((await pelicanClient(provider, 10)).authentication.method, 'none');
});
