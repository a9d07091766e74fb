import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openCredentialDirectory, type VaultProvider } from '../../src/credmon/index.ts';
import { createVaultSource } from '../../src/credmon/providers/vault-source.ts';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { workspace } from '../support/workspace.ts';

const provider: VaultProvider = { mode: 'vault', name: 'cms', minimumSeconds: 2400, refreshSeconds: 1200 };
const NOW = new Date('2026-01-01T00:00:00Z');
const PARENT = {
  vault_token: 'hvs.parent',
  vault_url: 'https://vault.example:8200/v1/secret/oauth/creds/cms/alice:default',
};

/** A source over real files, and a Vault that answers what it is told to. */
async function makeStage(
  t: TestContext,
  stem: string,
  files: Readonly<Record<string, unknown>>,
  answer: () => Response,
): Promise<{
  readonly source: ReturnType<typeof createVaultSource>;
  readonly asked: { readonly url: URL; readonly token: string | null }[];
  readonly path: (name: string) => string;
}> {
  const directory = await openCredentialDirectory(join(workspace(t), 'D'));
  const path = (name: string): string => join(directory.path, 'alice', name);
  mkdirSync(join(directory.path, 'alice'));
  for (const [name, contents] of Object.entries(files)) writeFileSync(path(name), JSON.stringify(contents));
  const asked: { readonly url: URL; readonly token: string | null }[] = [];
  const source = createVaultSource(
    provider,
    { user: 'alice', stem, handle: undefined },
    {
      directory,
      requestTimeoutSeconds: 5,
      now: () => NOW,
      fetch: async (input, init) => {
        const request = new Request(input, init);
        asked.push({ url: new URL(request.url), token: request.headers.get('x-vault-token') });
        return answer();
      },
    },
  );
  return { source, asked, path };
}

const granted = (): Response => Response.json({ data: { access_token: 'opaque-token' } });
const lease = { id: 'alice/x', owner: 'alice', kind: 'token', provider: 'cms' };
const { signal } = new AbortController();

test('a bare token, good for the minimum that was asked for, renewed as configured', async (t) => {
  const { source, asked } = await makeStage(t, 'cms', { 'cms.top': PARENT }, granted);
  assert.equal(source.authority, 'https://vault.example:8200');
  assert.equal(source.renewAfterSeconds, 1200);
  const credential = await source.obtain(lease, signal);
  assert.equal(credential.bytes.revealText(), 'opaque-token\n');
  assert.equal(credential.expiresAt?.getTime(), NOW.getTime() + 2_400_000);
  assert.equal(asked[0]?.token, 'hvs.parent');
  assert.equal(asked[0]?.url.searchParams.get('minimum_seconds'), '2400');
});

test('a handle borrows the token of the name before its last underscore, and asks for its own scopes', async (t) => {
  const handle = { vault_url: PARENT.vault_url, scopes: 'storage.read:/', audience: 'https://data.example' };
  const files = { 'cms_prod.top': PARENT, 'cms_prod_read.top': handle };
  const { source, asked } = await makeStage(t, 'cms_prod_read', files, granted);
  await source.obtain(lease, signal);
  assert.equal(asked[0]?.token, 'hvs.parent');
  assert.equal(asked[0]?.url.searchParams.get('scopes'), 'storage.read:/');
  assert.equal(asked[0]?.url.searchParams.get('audience'), 'https://data.example');
});

test('permission denied removes .top and .use; any other failure leaves them', async (t) => {
  const files = { 'cms.top': PARENT, 'cms.use': 'old', 'other.top': PARENT };
  const denied = await makeStage(t, 'cms', files, () =>
    Response.json({ errors: ['1 error occurred: permission denied'] }, { status: 403 }),
  );
  await assert.rejects(denied.source.obtain(lease, signal), (error) =>
    isLatchkeyError(error, 'oauth/vault-denied'),
  );
  assert.deepEqual(
    ['cms.top', 'cms.use', 'other.top'].map((name) => existsSync(denied.path(name))),
    [false, false, true],
  );
  const broken = await makeStage(t, 'cms', files, () => new Response('oops', { status: 500 }));
  await assert.rejects(
    broken.source.obtain(lease, signal),
    (error) => isLatchkeyError(error, 'oauth/unavailable') && error.retryable,
  );
  assert.ok(existsSync(broken.path('cms.top')));
});

test('what is missing in .top is said', async (t) => {
  const { source } = await makeStage(t, 'cms', { 'cms.top': { vault_token: 'hvs.x' } }, granted);
  await assert.rejects(source.obtain(lease, signal), /alice\/cms\.top has no vault_url/);
});
