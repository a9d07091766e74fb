import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AccessPolicy, findUnsafePolicy } from './access-policy.ts';
import { decideOwner, decideStore, decideTrustRoots } from './ownership.ts';
import {
  decideAuthenticated,
  decideRetrieval,
  planAuthentication,
  type RetrievalRequest,
} from './retrieval.ts';

const client = (cn: string) => ({ dn: `/O=Grid/CN=${cn}`, fqans: [], isLimited: false });
const jane = client('Jane');
const robot = client('Robot');
const anonymous = { dn: '<anonymous>', fqans: [], isLimited: false };

/** The configuration that the texts below were taken from, with the C server 6.2.14. */
const policy: AccessPolicy = {
  acceptedCredentials: ['*/CN=Jane'],
  authorizedRetrievers: ['*/CN=Jane', '*/CN=Robot'],
  defaultRetrievers: ['*/CN=Jane'],
  authorizedRenewers: ['*/CN=Jane', '*/CN=Robot'],
  defaultRenewers: ['none'],
  authorizedKeyRetrievers: ['*/CN=Jane'],
  defaultKeyRetrievers: ['none'],
  trustedRetrievers: ['*/CN=Jane', '*/CN=Robot'],
  defaultTrustedRetrievers: ['none'],
  allowSelfAuthorization: false,
};
const credential = { username: 'jane', owner: jane.dn, maxLifetimeSeconds: 0 };
const get: RetrievalRequest = {
  command: 'GET',
  id: { username: 'jane' },
  client: jane,
  policy,
  credential,
  identity: jane.dn,
};
const byPassPhrase = { by: 'pass-phrase', clientIsLimited: false, credentialIsLimited: false } as const;

test('refusals before authentication have the texts of the C server', () => {
  const refused = (request: Partial<RetrievalRequest>) => {
    const decision = decideRetrieval({ ...get, ...request });
    assert.equal(decision.allowed, false);
    assert.ok(decision.steps.some(({ passed }) => !passed));
    return decision.lines;
  };
  assert.deepEqual(refused({ client: anonymous }), [
    '"<anonymous>" not authorized by server\'s trusted_retrievers policy',
    '"<anonymous>" not authorized by server\'s authorized_retrievers policy',
    '"<anonymous>" not authorized by server\'s authorized_renewers policy',
  ]);
  assert.deepEqual(refused({ client: robot }), [
    '"/O=Grid/CN=Robot" not authorized by server\'s default trusted_retrievers policy',
    '"/O=Grid/CN=Robot" not authorized by server\'s default authorized_retrievers policy',
    '"/O=Grid/CN=Robot" not authorized by server\'s default authorized_renewers policy',
  ]);
  assert.deepEqual(refused({ client: robot, command: 'RETRIEVE' }), [
    '"/O=Grid/CN=Robot" not authorized by server\'s authorized_key_retrievers policy',
  ]);
  assert.deepEqual(
    refused({ command: 'RETRIEVE', credential: { ...credential, keyRetrievers: '*/CN=Joe' } }),
    ['"/O=Grid/CN=Jane" not authorized by credential\'s authorized_key_retrievers policy'],
  );
  assert.deepEqual(refused({ credential: undefined }), ['No credentials exist for username "jane".']);
  assert.deepEqual(refused({ credential: undefined, id: { username: 'jane', name: 'x' } }), [
    'No credentials exist with username "jane" and credential name "x".',
  ]);
  assert.deepEqual(refused({ credential: undefined, issuer: 'unknown-user' }), ['unknown username: jane']);
});

test('doors open one by one', () => {
  const doors = (request: Partial<RetrievalRequest>) => {
    const { allowed, isTrusted, mayRetrieve, mayRenew } = decideRetrieval({ ...get, ...request });
    return [allowed, isTrusted, mayRetrieve, mayRenew].map(Number).join('');
  };
  assert.equal(doors({}), '1010');
  assert.equal(doors({ client: robot, credential: { ...credential, renewers: '*/CN=Robot' } }), '1001');
  assert.equal(doors({ client: robot, credential: { ...credential, retrievers: '*' } }), '1010');
  const trusting = { ...credential, retrievers: '*', trustedRetrievers: '*' };
  assert.equal(doors({ client: robot, credential: trusting }), '1110');
  assert.equal(doors({ credential: trusting }), '1010', 'self-authorization');
  assert.equal(doors({ credential: trusting, identity: jane.dn.toLowerCase() }), '1010', 'whatever the case');
  assert.equal(doors({ credential: trusting, identity: undefined }), '1010', 'identity unknown');
  assert.equal(doors({ credential: trusting, policy: { ...policy, allowSelfAuthorization: true } }), '1110');
  assert.equal(doors({ credential: undefined, issuer: 'ready' }), '1010');
  const closed = { ...policy, authorizedRetrievers: undefined, authorizedRenewers: undefined };
  assert.equal(doors({ policy: closed }), '0000');
});

test('how a client authenticates', () => {
  const plan = (isTrusted: boolean, mayRenew: boolean, isEncrypted: boolean, hasPassPhrase: boolean) => {
    const { kind, ...rest } = planAuthentication({ isTrusted, mayRenew }, { isEncrypted, hasPassPhrase });
    return [kind, ...('lines' in rest ? rest.lines : [])].join('|');
  };
  assert.equal(plan(true, true, true, false), 'pass-phrase');
  assert.equal(plan(true, true, false, true), 'none');
  assert.equal(plan(false, true, false, true), 'certificate');
  assert.equal(plan(false, false, false, false), 'refused|no passphrase|authentication failed');
  assert.equal(plan(false, false, false, true), 'refused|authentication failed');
});

test('verdicts after authentication', () => {
  const lines = (
    request: Partial<RetrievalRequest>,
    authenticated: Partial<Parameters<typeof decideAuthenticated>[2]>,
    mayRetrieve = true,
  ) => {
    const decision = decideAuthenticated(
      { ...get, ...request },
      { mayRetrieve },
      { ...byPassPhrase, ...authenticated },
    );
    assert.equal(decision.allowed, decision.lines.length === 0);
    return decision.lines.join('|');
  };
  assert.equal(lines({}, {}), '');
  assert.equal(lines({}, {}, false), 'authorization failed');
  assert.equal(lines({}, { by: 'certificate' }), 'self-authz detected|self-authz not allowed for renewer');
  assert.equal(lines({ client: robot }, { by: 'certificate' }, false), '');
  assert.equal(
    lines({ credential: undefined, issuer: 'ready' }, { clientIsLimited: true }),
    'MyProxy CA will not accept limited proxy for authentication.',
  );
  assert.equal(lines({}, { clientIsLimited: true }), '');
  assert.equal(
    lines({ command: 'RETRIEVE' }, { clientIsLimited: true }),
    'Client with limited proxy may not retrieve full credentials.',
  );
  assert.equal(lines({ command: 'RETRIEVE' }, { clientIsLimited: true, credentialIsLimited: true }), '');
  assert.equal(lines({ command: 'RETRIEVE' }, { clientIsLimited: true, ignoreLimited: true }), '');
  assert.equal(
    lines({ credential: { ...credential, lockMessage: 'gone\nfishing\n' } }, {}),
    'credential locked|gone|fishing',
  );
  assert.equal(lines({ credential: { ...credential, lockMessage: '' } }, {}), 'credential locked');
  const limited = { ...byPassPhrase, clientIsLimited: true };
  assert.equal(decideAuthenticated(get, { mayRetrieve: true }, limited).issueLimited, true);
  const ignoring = { ...limited, ignoreLimited: true };
  assert.equal(decideAuthenticated(get, { mayRetrieve: true }, ignoring).issueLimited, false);
});

test('who may store, destroy, change, and have trust roots', () => {
  const store = {
    command: 'PUT',
    id: { username: 'jane' },
    client: jane,
    policy,
    credential: undefined,
  } as const;
  assert.equal(decideStore(store).allowed, true);
  assert.equal(decideStore({ ...store, credential: { owner: jane.dn } }).allowed, true);
  assert.deepEqual(decideStore({ ...store, client: robot }).lines, [
    '"/O=Grid/CN=Robot" not authorized to store credentials on this server (accepted_credentials policy)',
  ]);
  const everybody = { ...store, client: anonymous, policy: { acceptedCredentials: ['*'] } };
  assert.equal(decideStore(everybody).allowed, false, 'what nobody owns everybody owns');
  assert.deepEqual(decideStore({ ...store, mapping: ['no', 'mapping'] }).lines, ['no', 'mapping']);
  const foreign = { ...store, id: { username: 'jane', name: 'x' }, credential: { owner: robot.dn } };
  assert.deepEqual(decideStore(foreign).lines, [
    'Credentials are already stored for user jane',
    'and credential name "x"',
    'and they are not owned by',
    '"/O=Grid/CN=Jane",',
    'so you may not overwrite them.',
    'Please choose a different username or credential name or',
    'contact your myproxy-server administrator.',
  ]);
  assert.deepEqual(decideStore({ ...foreign, command: 'DESTROY' }).lines, [
    'Credentials not owned by "/O=Grid/CN=Jane".',
  ]);
  assert.equal(decideOwner(jane, { owner: jane.dn }).allowed, true);
  assert.deepEqual(decideOwner(robot, { owner: jane.dn }).lines, [
    "'/O=Grid/CN=Robot' does not own the credentials",
  ]);
  assert.equal(decideOwner(robot, undefined).allowed, false);
  assert.equal(decideTrustRoots(robot, policy).allowed, true);
  assert.deepEqual(decideTrustRoots(anonymous, policy).lines, [
    '"<anonymous>" not authorized by server\'s authorized_retrievers policy',
    '"<anonymous>" not authorized to retrieve credentials from this server (authorized_retrievers policy)',
  ]);
});

test('a policy that trusts everybody with everything is unsafe', () => {
  const unsafe = (trustedRetrievers?: string[], defaultTrustedRetrievers?: string[]) =>
    findUnsafePolicy({ ...policy, trustedRetrievers, defaultTrustedRetrievers });
  assert.match(unsafe(['*']) ?? '', /is not set\.$/);
  assert.match(unsafe(['*'], ['*']) ?? '', /both \*\.$/);
  assert.match(unsafe(['/CN=a', 'SUBJECT:*'], ['/CN=b', '*']) ?? '', /both \*\.$/);
  assert.equal(unsafe(['*'], ['none']), undefined);
  assert.equal(unsafe(['*/CN=portal']), undefined);
  assert.equal(unsafe(undefined), undefined);
});
