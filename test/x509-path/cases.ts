import { formatPem } from '../../src/asn1/index.ts';
import type { PathFindingCode } from '../../src/x509/path-finding.ts';
import {
  authorityIdentifier,
  basicConstraints,
  CLIENT_AUTH,
  dnsName,
  ecKeys,
  extendedKeyUsage,
  extension,
  type Keys,
  keyIdentifier,
  keyUsage,
  LANGUAGE,
  type Made,
  makeCertificate,
  makeCrl,
  type ProxyInfoPlan,
  proxyInfo,
  rsaKeys,
  SERVER_AUTH,
  subjectAltName,
} from './chain-maker.ts';

/** One chain with the world it lives in, and what everybody should say about it. */
export interface Case {
  readonly name: string;
  /** Leaf first. */
  readonly chain: readonly Made[];
  readonly roots: readonly Made[];
  /** signing_policy texts by authority; default allows `/O=Grid/*` for every authority in sight. */
  readonly policies: readonly (readonly [Made, string])[];
  readonly crls: readonly (readonly [Made, Buffer])[];
  readonly purpose?: 'client' | 'server';
  /** Nothing: the chain is good. Otherwise a finding that must be among those reported. */
  readonly expect?: PathFindingCode;
  /** A warning that must be among the findings. */
  readonly warns?: PathFindingCode;
  /** Why OpenSSL says something else, where it does. */
  readonly openssl?: string;
  /** Why the C tools say something else, where they do. */
  readonly globus?: string;
}

type Extra = Partial<Omit<Case, 'name' | 'chain'>>;

const DAY = 86_400_000;
const past = (days: number): Date => new Date(Date.now() - days * DAY);
const future = (days: number): Date => new Date(Date.now() + days * DAY);
const CA_USAGE = keyUsage('keyCertSign', 'cRLSign');
const EEC_USAGE = keyUsage('digitalSignature', 'keyEncipherment');

/** Text of a signing_policy file. */
export function policyText(ca: Made, patterns = '"/O=Grid/*"'): string {
  return `access_id_CA X509 '${ca.dn}'\npos_rights globus CA:sign\ncond_subjects globus '${patterns}'\n`;
}

/** grid-cert-diagnostics asks the policy about the self-signed root too; TLS connections of the C tools do not. */
const ITSELF = '"/O=Grid/CN=Root CA"';
const OPENSSL_NO_POLICY = 'OpenSSL knows no signing_policy';
const LEGACY_USAGE = 'under OpenSSL 3 the C tools want keyCertSign of those who issue legacy proxies';
const OPENSSL_NO_DRAFT = 'OpenSSL knows RFC 3820 proxies only';

/** Makes all cases; the keys take about a second. */
export function makeCases(): Case[] {
  const [rootKeys, subKeys, userKeys, proxyKeys, otherKeys] = [
    rsaKeys(),
    rsaKeys(),
    rsaKeys(),
    rsaKeys(),
    rsaKeys(),
  ];
  const root = ca('/O=Grid/CN=Root CA', rootKeys);
  const sub = ca('/O=Grid/CN=Sub CA', subKeys, { issuer: root });
  const stranger = ca('/O=Grid/CN=Root CA', otherKeys);
  const user = eec('/O=Grid/CN=Jane', userKeys, root);
  const subUser = eec('/O=Grid/OU=Sub/CN=Jane', userKeys, sub);

  function ca(dn: string, keys: Keys, more: Record<string, unknown> = {}): Made {
    return makeCertificate({ dn, keys, extensions: [basicConstraints(true), CA_USAGE], ...more });
  }
  function eec(dn: string, keys: Keys, issuer: Made, more: Record<string, unknown> = {}): Made {
    return makeCertificate({ dn, keys, issuer, extensions: [EEC_USAGE], ...more });
  }
  let number = 100;
  function proxy(issuer: Made, info: ProxyInfoPlan = {}, more: Record<string, unknown> = {}): Made {
    number += 1;
    const dn = `${issuer.dn}/CN=${number}`;
    const extensions = [EEC_USAGE, proxyInfo(info)];
    return makeCertificate({ dn, keys: proxyKeys, issuer, serial: number, extensions, ...more });
  }
  const draft = (issuer: Made, info: ProxyInfoPlan = {}, more: Record<string, unknown> = {}) =>
    proxy(issuer, { draft: true, ...info }, more);
  const legacy = (issuer: Made, name = 'proxy', more: Record<string, unknown> = {}) =>
    makeCertificate({
      dn: `${issuer.dn}/CN=${name}`,
      keys: proxyKeys,
      issuer,
      serial: issuer.serial,
      extensions: [EEC_USAGE],
      ...more,
    });

  const cases: Case[] = [];
  const add = (name: string, chain: readonly Made[], extra: Extra = {}): void => {
    const roots = extra.roots ?? [root];
    const policies =
      extra.policies ?? [root, sub].map((authority) => [authority, policyText(authority)] as const);
    cases.push({ name, chain, crls: [], ...extra, roots, policies });
  };

  // good chains
  const p1 = proxy(user);
  const p2 = proxy(p1);
  const p3 = proxy(p2);
  const p4 = proxy(p3);
  add('end entity', [user]);
  add('end entity with its root', [user, root]);
  add('end entity below a sub-authority', [subUser, sub]);
  add('proxy', [p1, user]);
  add('two proxies', [p2, p1, user]);
  add('three proxies', [p3, p2, p1, user]);
  add('four proxies', [p4, p3, p2, p1, user, root]);
  add('proxy below a sub-authority', [proxy(subUser), subUser, sub]);
  add('any order', [p4, user, p2, root, p1, p3]);
  add('unneeded certificates', [p1, stranger, sub, user, subUser]);
  add('the same certificate several times', [p1, user, user, p1, root, root]);
  const limited = proxy(user, { language: LANGUAGE.limited });
  add('limited proxy', [limited, user]);
  add('limited below full', [proxy(p1, { language: LANGUAGE.limited }), p1, user]);
  add('limited below limited', [proxy(limited, { language: LANGUAGE.limited }), limited, user]);
  add('independent proxy', [proxy(user, { language: LANGUAGE.independent }), user]);
  add('independent below limited', [proxy(limited, { language: LANGUAGE.independent }), limited, user]);
  add('unknown language without a policy', [proxy(user, { language: LANGUAGE.unknown }), user]);
  add('elliptic curve proxy of an RSA user', [proxy(user, {}, { keys: ecKeys() }), user]);
  const ecUser = eec('/O=Grid/CN=Curve', ecKeys(), root);
  add('elliptic curve user', [ecUser]);
  add('proxy of an elliptic curve user', [proxy(ecUser), ecUser]);
  add('several attributes in the user name', [eec('/O=Grid/CN=Jane+OU=Staff', userKeys, root)]);
  const bare = makeCertificate({ dn: '/O=Grid/CN=Bare', keys: userKeys, issuer: root });
  add('end entity without extensions', [bare]);
  add('proxy of an end entity without extensions', [proxy(bare), bare]);
  add('proxy without key usage', [proxy(user, {}, { extensions: [proxyInfo()] }), user]);
  add('authority with room for one below', [subUser, makeSub(1)], { policies: subPolicies() });
  function makeSub(pathLength: number): Made {
    return makeCertificate({
      dn: sub.dn,
      keys: subKeys,
      issuer: root,
      extensions: [basicConstraints(true, pathLength), CA_USAGE],
    });
  }
  function subPolicies(): [Made, string][] {
    return [root, sub].map((authority) => [authority, policyText(authority)]);
  }
  const tight = makeSub(0);
  const subProxy = proxy(subUser);
  add('proxies do not count for the path length of an authority', [
    proxy(subProxy),
    subProxy,
    subUser,
    tight,
  ]);

  // trust
  add('unknown authority', [eec('/O=Grid/CN=Jane', userKeys, ca('/O=Grid/CN=Other CA', otherKeys))], {
    expect: 'trust/issuer-missing',
  });
  add('missing sub-authority', [subUser], { expect: 'trust/issuer-missing' });
  add('missing end entity', [p1], { expect: 'trust/issuer-missing' });
  add('missing middle proxy', [p2, user], { expect: 'trust/issuer-missing' });
  const otherRoot = ca('/O=Grid/CN=Other CA', otherKeys);
  add('untrusted root in the chain', [eec('/O=Grid/CN=Jane', userKeys, otherRoot), otherRoot], {
    expect: 'trust/root-untrusted',
  });
  add('self-signed stranger', [makeCertificate({ dn: '/O=Grid/CN=Me', keys: userKeys })], {
    expect: 'trust/leaf-self-signed',
  });
  add('impostor with the name of a trusted root', [eec('/O=Grid/CN=Jane', userKeys, stranger), stranger], {
    expect: 'trust/root-untrusted',
  });
  add('impostor that does not show itself', [eec('/O=Grid/CN=Jane', userKeys, stranger)], {
    expect: 'certificate/signature-invalid',
  });
  const oneIssuer = 'OpenSSL tries one issuer of a name only, unless key identifiers tell them apart';
  const ofStranger = eec('/O=Grid/CN=Jane', userKeys, stranger);
  add('two trusted roots of one name, the first signed', [ofStranger], { roots: [stranger, root] });
  add('two trusted roots of one name, the second signed', [ofStranger], {
    roots: [root, stranger],
    openssl: oneIssuer,
    globus: oneIssuer,
  });
  const marked = (keys: Keys, mark: string) =>
    ca('/O=Grid/CN=Root CA', keys, { extensions: [basicConstraints(true), CA_USAGE, keyIdentifier(mark)] });
  const ofMarked = eec('/O=Grid/CN=Jane', userKeys, marked(otherKeys, 'b'), {
    extensions: [authorityIdentifier('b')],
  });
  add('two trusted roots of one name, key identifiers', [ofMarked], {
    roots: [marked(rootKeys, 'a'), marked(otherKeys, 'b')],
  });
  add('key identifier of another authority', [ofMarked], {
    roots: [marked(otherKeys, 'a')],
    expect: 'trust/issuer-missing',
  });
  const crossed = makeCertificate({
    dn: sub.dn,
    keys: subKeys,
    issuer: otherRoot,
    extensions: [basicConstraints(true), CA_USAGE],
  });
  add('cross-signed authority, the first way is trusted', [subUser, sub, crossed]);
  add('cross-signed authority, the second way is trusted', [subUser, crossed, sub], {
    openssl: oneIssuer,
    globus: oneIssuer,
  });
  add('cross-signed authority, the other root', [subUser, sub, crossed], {
    openssl: oneIssuer,
    globus: oneIssuer,
    roots: [otherRoot],
    policies: [otherRoot, sub].map((authority) => [authority, policyText(authority)] as const),
  });
  add('intermediate in the trust directory without its root', [subUser], {
    roots: [sub],
    expect: 'trust/issuer-missing',
  });

  // signatures
  const damagedUser = eec('/O=Grid/CN=Jane', userKeys, root, { damaged: true });
  add('damaged end entity', [damagedUser], { expect: 'certificate/signature-invalid' });
  add('damaged proxy', [proxy(user, {}, { damaged: true }), user], {
    expect: 'certificate/signature-invalid',
  });
  add('proxy signed by someone else', [proxy({ ...user, keys: otherKeys }), user], {
    expect: 'certificate/signature-invalid',
  });
  add('damaged sub-authority', [subUser, ca(sub.dn, subKeys, { issuer: root, damaged: true })], {
    expect: 'certificate/signature-invalid',
  });
  add('MD5 signature', [eec('/O=Grid/CN=Jane', userKeys, root, { digest: 'md5' })], {
    expect: 'certificate/algorithm-weak',
    globus: 'the C tools leave digests to the TLS layer',
  });
  add('SHA-1 signature', [eec('/O=Grid/CN=Jane', userKeys, root, { digest: 'sha1' })], {
    warns: 'certificate/algorithm-aging',
    openssl: 'SHA-1 is only remarked on: grids still have such certificates',
  });
  const small = eec('/O=Grid/CN=Small', rsaKeys(768), root);
  add('RSA key of 768 bits', [small], {
    expect: 'certificate/key-weak',
    globus: 'the C tools leave key sizes to the TLS layer',
  });
  add('RSA key of 1024 bits', [eec('/O=Grid/CN=Small', rsaKeys(1024), root)], {
    warns: 'certificate/key-aging',
  });

  // validity
  add(
    'expired end entity',
    [eec('/O=Grid/CN=Jane', userKeys, root, { notBefore: past(9), notAfter: past(1) })],
    { expect: 'certificate/expired' },
  );
  add(
    'end entity of tomorrow',
    [eec('/O=Grid/CN=Jane', userKeys, root, { notBefore: future(1), notAfter: future(2) })],
    { expect: 'certificate/not-yet-valid' },
  );
  add('expired proxy', [proxy(user, {}, { notBefore: past(9), notAfter: past(1) }), user], {
    expect: 'certificate/expired',
  });
  add('proxy of tomorrow', [proxy(user, {}, { notBefore: future(1), notAfter: future(2) }), user], {
    expect: 'certificate/not-yet-valid',
  });
  const expiredUser = eec('/O=Grid/CN=Jane', userKeys, root, { notBefore: past(9), notAfter: past(1) });
  add('proxy that outlives its user', [proxy(expiredUser), expiredUser], { expect: 'certificate/expired' });
  add(
    'expired middle proxy',
    [
      p2,
      makeCertificate({
        dn: p1.dn,
        keys: proxyKeys,
        issuer: user,
        serial: p1.serial,
        extensions: [EEC_USAGE, proxyInfo()],
        notBefore: past(9),
        notAfter: past(1),
      }),
      user,
    ],
    { expect: 'certificate/expired' },
  );
  const expiredRoot = ca(root.dn, rootKeys, { notBefore: past(99), notAfter: past(1) });
  add('expired root', [user], { roots: [expiredRoot], expect: 'certificate/expired' });
  add(
    'expired sub-authority',
    [subUser, ca(sub.dn, subKeys, { issuer: root, notBefore: past(99), notAfter: past(1) })],
    { expect: 'certificate/expired' },
  );
  add('renewed sub-authority beside the expired one', [
    subUser,
    ca(sub.dn, subKeys, { issuer: root, notBefore: past(99), notAfter: past(1) }),
    sub,
  ]);

  // authorities
  const notCa = makeCertificate({
    dn: sub.dn,
    keys: subKeys,
    issuer: root,
    extensions: [basicConstraints(false), CA_USAGE],
  });
  add('issuer that is no authority', [subUser, notCa], { expect: 'authority/not-a-ca' });
  const plainIssuer = makeCertificate({ dn: sub.dn, keys: subKeys, issuer: root });
  add('issuer without basic constraints', [subUser, plainIssuer], { expect: 'authority/not-a-ca' });
  add('end entity that issues an end entity', [eec('/O=Grid/CN=Jane/CN=Friend', proxyKeys, user), user], {
    expect: 'authority/not-a-ca',
  });
  const noSign = makeCertificate({
    dn: sub.dn,
    keys: subKeys,
    issuer: root,
    extensions: [basicConstraints(true), keyUsage('digitalSignature')],
  });
  add('authority without keyCertSign', [subUser, noSign], { expect: 'authority/key-usage' });
  const low = ca('/O=Grid/CN=Low CA', otherKeys, { issuer: tight });
  add('path length of an authority exceeded', [eec('/O=Grid/CN=Jane', userKeys, low), low, tight], {
    expect: 'authority/path-length',
    policies: [root, sub, low].map((authority) => [authority, policyText(authority)] as const),
  });

  // proxy rules
  const byCa = makeCertificate({
    dn: `${root.dn}/CN=1`,
    keys: proxyKeys,
    issuer: root,
    extensions: [EEC_USAGE, proxyInfo()],
  });
  add('proxy issued by an authority', [byCa], { expect: 'proxy/issuer-is-ca' });
  add(
    'proxy with a foreign name',
    [
      makeCertificate({
        dn: '/O=Grid/CN=Root/CN=1',
        keys: proxyKeys,
        issuer: user,
        extensions: [proxyInfo()],
      }),
      user,
    ],
    { expect: 'proxy/subject-name' },
  );
  add(
    'proxy with the name of its issuer',
    [makeCertificate({ dn: user.dn, keys: proxyKeys, issuer: user, extensions: [proxyInfo()] }), user],
    { expect: 'proxy/subject-name' },
  );
  add(
    'proxy with two more names',
    [
      makeCertificate({
        dn: `${user.dn}/CN=1/CN=2`,
        keys: proxyKeys,
        issuer: user,
        extensions: [proxyInfo()],
      }),
      user,
    ],
    { expect: 'proxy/subject-name' },
  );
  add(
    'proxy whose last name is no common name',
    [
      makeCertificate({ dn: `${user.dn}/OU=1`, keys: proxyKeys, issuer: user, extensions: [proxyInfo()] }),
      user,
    ],
    { expect: 'proxy/subject-name' },
  );
  add(
    'proxy with a double last name',
    [
      makeCertificate({
        dn: `${user.dn}/CN=1+OU=2`,
        keys: proxyKeys,
        issuer: user,
        extensions: [proxyInfo()],
      }),
      user,
    ],
    { expect: 'proxy/subject-multi-valued' },
  );
  add('proxyCertInfo not critical', [proxy(user, { critical: false }), user], {
    expect: 'proxy/info-not-critical',
    openssl: 'OpenSSL does not ask whether the extension is critical',
  });
  const none = proxy(user, { pathLength: 0 });
  const one = proxy(user, { pathLength: 1 });
  const oneBelow = proxy(one);
  add('proxy path length 0, nothing below', [none, user]);
  add('proxy path length 0, one below', [proxy(none), none, user], { expect: 'proxy/path-length' });
  add('proxy path length 1, one below', [oneBelow, one, user]);
  add('proxy path length 1, two below', [proxy(oneBelow), oneBelow, one, user], {
    expect: 'proxy/path-length',
  });
  const wide = proxy(one, { pathLength: 5 });
  add('a wider path length below a narrow one', [wide, one, user], {
    openssl: 'OpenSSL counts the wider number itself as proxies; RFC 3820 counts certificates',
  });
  add(
    'signer without digitalSignature',
    (() => {
      const odd = eec('/O=Grid/CN=Odd', userKeys, root, { extensions: [keyUsage('keyEncipherment')] });
      return [proxy(odd), odd];
    })(),
    { expect: 'proxy/issuer-key-usage' },
  );
  add(
    'proxy with an alternative name',
    [
      proxy(user, {}, { extensions: [EEC_USAGE, proxyInfo(), subjectAltName(false, dnsName('a.example'))] }),
      user,
    ],
    { expect: 'proxy/alternative-name' },
  );
  add(
    'proxy with an issuer alternative name',
    [
      proxy(
        user,
        {},
        {
          extensions: [
            EEC_USAGE,
            proxyInfo(),
            extension('2.5.29.18', false, Buffer.from('3003820161', 'hex')),
          ],
        },
      ),
      user,
    ],
    { expect: 'proxy/alternative-name' },
  );
  add(
    'proxy that says it is an authority',
    [proxy(user, {}, { extensions: [basicConstraints(true), proxyInfo()] }), user],
    { expect: 'authority/not-a-ca' },
  );
  add('full proxy below a limited one', [proxy(limited), limited, user], {
    expect: 'proxy/limited-signs-full',
    openssl: 'OpenSSL knows no limited proxies',
  });
  add(
    'restricted proxy with a policy',
    [proxy(user, { language: LANGUAGE.unknown, policy: 'read only' }), user],
    { expect: 'proxy/policy-restricted', openssl: 'OpenSSL leaves policies to the application' },
  );
  add('impersonation proxy with a policy', [proxy(user, { policy: 'all' }), user], {
    expect: 'proxy/policy-restricted',
    openssl: 'OpenSSL leaves policies to the application',
  });

  // other kinds of proxies
  const d1 = draft(user);
  const dLimited = draft(user, { language: LANGUAGE.limited });
  const l1 = legacy(user);
  const lLimited = legacy(user, 'limited proxy');
  const bareLegacy = legacy(bare);
  const bareLimited = legacy(bare, 'limited proxy');
  const makeBareLegacy = (made: Made) =>
    makeCertificate({ dn: made.dn, keys: proxyKeys, issuer: bare, serial: made.serial });
  const other = (expect?: PathFindingCode): Extra => ({
    ...(expect === undefined ? { openssl: OPENSSL_NO_DRAFT } : { expect }),
  });
  add('draft proxy', [d1, user], other());
  add('two draft proxies', [draft(d1), d1, user], other());
  add('limited draft proxy', [dLimited, user], other());
  add('full draft below limited draft', [draft(dLimited), dLimited, user], other('proxy/limited-signs-full'));
  const dNone = draft(user, { pathLength: 0 });
  add('draft path length 0, one below', [draft(dNone), dNone, user], other('proxy/path-length'));
  add('legacy proxy', [bareLegacy, bare], other());
  add(
    'two legacy proxies',
    [legacy(bareLegacy, 'proxy', { extensions: [] }), makeBareLegacy(bareLegacy), bare],
    other(),
  );
  add('limited legacy proxy', [bareLimited, bare], other());
  add('legacy proxy of a user with key usage', [l1, user], { ...other(), globus: LEGACY_USAGE });
  add('two legacy proxies with key usage', [legacy(l1), l1, user], { ...other(), globus: LEGACY_USAGE });
  add('limited legacy proxy of a user with key usage', [lLimited, user], {
    ...other(),
    globus: LEGACY_USAGE,
  });
  add('limited legacy below full', [legacy(l1, 'limited proxy'), l1, user], {
    ...other(),
    globus: LEGACY_USAGE,
  });
  add('full legacy below limited', [legacy(lLimited), lLimited, user], other('proxy/limited-signs-full'));
  add('RFC proxy below a draft one', [proxy(d1), d1, user], other('proxy/kinds-mixed'));
  add('draft proxy below an RFC one', [draft(p1), p1, user], other('proxy/kinds-mixed'));
  add('legacy proxy below an RFC one', [legacy(p1), p1, user], other('proxy/kinds-mixed'));
  add('RFC proxy below a legacy one', [proxy(l1), l1, user], other('proxy/kinds-mixed'));

  // extensions
  const unknown = extension('1.3.6.1.4.1.99999.7', true, Buffer.from('0500', 'hex'));
  const mild = extension('1.3.6.1.4.1.99999.7', false, Buffer.from('0500', 'hex'));
  add(
    'unknown critical extension in the end entity',
    [eec('/O=Grid/CN=Jane', userKeys, root, { extensions: [unknown] })],
    { expect: 'certificate/extension-unknown' },
  );
  add(
    'unknown critical extension in a proxy',
    [proxy(user, {}, { extensions: [proxyInfo(), unknown] }), user],
    { expect: 'certificate/extension-unknown' },
  );
  add(
    'unknown critical extension in an authority',
    [subUser, ca(sub.dn, subKeys, { issuer: root, extensions: [basicConstraints(true), unknown] })],
    { expect: 'certificate/extension-unknown' },
  );
  add('unknown extension that is not critical', [
    eec('/O=Grid/CN=Jane', userKeys, root, { extensions: [EEC_USAGE, mild] }),
  ]);
  add(
    'critical alternative name',
    [eec('/O=Grid/CN=Jane', userKeys, root, { extensions: [subjectAltName(true, dnsName('a.example'))] })],
    {
      expect: 'certificate/extension-unknown',
      openssl: 'OpenSSL knows alternative names, the C tools take no critical ones',
    },
  );

  const constraints = extension('2.5.29.30', false, Buffer.from('300ba0093007820565786d706c', 'hex'));
  add(
    'name constraints that are not critical',
    [subUser, ca(sub.dn, subKeys, { issuer: root, extensions: [basicConstraints(true), constraints] })],
    {
      expect: 'certificate/extension-unknown',
      openssl: 'OpenSSL enforces name constraints, we refuse what we cannot enforce',
      globus: 'the C tools leave name constraints to OpenSSL',
    },
  );
  const oldSub = ca(sub.dn, subKeys, {
    issuer: root,
    extensions: [basicConstraints(true, 0), CA_USAGE, keyIdentifier('old')],
  });
  const newSub = makeCertificate({
    dn: sub.dn,
    keys: otherKeys,
    issuer: oldSub,
    extensions: [basicConstraints(true, 0), CA_USAGE, keyIdentifier('new'), authorityIdentifier('old')],
  });
  const rolled = { ...newSub, keys: otherKeys };
  add(
    'an authority that changed its key does not count twice',
    [
      eec('/O=Grid/CN=Rolled', userKeys, rolled, { extensions: [authorityIdentifier('new')] }),
      newSub,
      oldSub,
    ],
    {
      globus: 'the C tools count self-issued authorities too',
    },
  );

  // purposes
  add(
    'any purpose',
    [eec('/O=Grid/CN=Any', userKeys, root, { extensions: [extendedKeyUsage('2.5.29.37.0')] })],
    {
      purpose: 'client',
      openssl: 'OpenSSL wants the purpose by name; RFC 5280 §4.2.1.12 has one for all',
    },
  );
  const clientOnly = eec('/O=Grid/CN=Jane', userKeys, root, { extensions: [extendedKeyUsage(CLIENT_AUTH)] });
  const serverOnly = eec('/O=Grid/CN=host', userKeys, root, { extensions: [extendedKeyUsage(SERVER_AUTH)] });
  const noPurpose = 'the C tools forgive a wrong purpose';
  add('client as client', [clientOnly], { purpose: 'client' });
  add('server as client', [serverOnly], {
    purpose: 'client',
    expect: 'certificate/purpose',
    globus: noPurpose,
  });
  add('client as server', [clientOnly], {
    purpose: 'server',
    expect: 'certificate/purpose',
    globus: noPurpose,
  });
  add('server as server', [serverOnly], { purpose: 'server' });
  add('anything as server', [user], { purpose: 'server' });

  // signing policies
  const withPolicy = (text: string, extra: Extra = {}): Extra => ({ policies: [[root, text]], ...extra });
  const refused: Extra = { expect: 'policy/subject-refused', openssl: OPENSSL_NO_POLICY };
  const missing: Extra = { expect: 'policy/missing', openssl: OPENSSL_NO_POLICY };
  add('no signing_policy', [user], { policies: [], ...missing });
  add('no signing_policy of the sub-authority', [subUser, sub], {
    policies: [[root, policyText(root)]],
    ...missing,
  });
  add('signing_policy of another authority', [user], withPolicy(policyText(otherRoot), missing));
  add('name outside the namespace', [user], withPolicy(policyText(root, `"/O=Other/*" ${ITSELF}`), refused));
  add(
    'proxy of a name outside the namespace',
    [p1, user],
    withPolicy(policyText(root, `"/O=Other/*" ${ITSELF}`), refused),
  );
  add('sub-authority outside the namespace', [subUser, sub], {
    policies: [
      [root, policyText(root, `"/O=Grid/CN=Jane" ${ITSELF}`)],
      [sub, policyText(sub)],
    ],
    ...refused,
  });
  add('exact name in the policy', [user], withPolicy(policyText(root, `"/O=Grid/CN=Jane" ${ITSELF}`)));
  add(
    'proxy of an exact name in the policy',
    [p1, user],
    withPolicy(policyText(root, `"/O=Grid/CN=Jane" ${ITSELF}`)),
  );
  add('policy in other letter case', [user], withPolicy(policyText(root, '"/o=GRID/*"')));
  add('several patterns', [user], withPolicy(policyText(root, '"/O=Other/*" "/O=Grid/*"')));
  add('pattern without double quotes', [user], withPolicy(policyText(root, '/O=Grid/*')));
  add('star in the middle', [user], withPolicy(policyText(root, `"/O=*/CN=Jane" ${ITSELF}`)));
  add('star at both ends', [user], withPolicy(policyText(root, `"*/CN=J*" ${ITSELF}`), refused));
  add('star for nothing', [user], withPolicy(policyText(root, `"/O=Grid/CN=Jane*" ${ITSELF}`), refused));
  add('question mark', [user], withPolicy(policyText(root, `"/O=Grid/CN=Jan?" ${ITSELF}`), refused));
  add('everything', [user], withPolicy(policyText(root, '"*"')));
  add(
    'comments and several blocks',
    [user],
    withPolicy(`# first\n${policyText(otherRoot, '"/O=Other/*"')}# second\n${policyText(root)}# end\n`),
  );
  add(
    'two blocks for one authority',
    [user],
    withPolicy(policyText(root, '"/O=Other/*"') + policyText(root)),
  );
  add('all on one line', [user], withPolicy(`${policyText(root).replaceAll('\n', ' ')}\n`));
  add(
    'two conditions',
    [user],
    withPolicy(`${policyText(root)}cond_subjects globus '"/O=Other/*"'\n`, missing),
  );
  add(
    'two conditions that both hold',
    [user],
    withPolicy(`${policyText(root)}cond_subjects globus '"/*"'\n`, {
      ...missing,
      globus: 'the C tools want every condition met; files mean any, so none is used',
    }),
  );
  add(
    'right without a condition',
    [user],
    withPolicy(`access_id_CA X509 '${root.dn}'\npos_rights globus CA:sign\n`, {
      ...missing,
      globus: 'the C tools then allow every name',
    }),
  );
  add('negative right', [user], withPolicy(policyText(root).replace('pos_', 'neg_'), missing));
  add('broken policy', [user], withPolicy(`access_id_CA X509\n${policyText(root)}`, missing));
  add(
    'policy without a final line end',
    [user],
    withPolicy(policyText(root).trimEnd(), { globus: 'the C tools fail on the last character of a file' }),
  );

  const host = eec('/O=Grid/CN=host/node.example.org', userKeys, root);
  add('slash in a name, prefix above it', [host], withPolicy(policyText(root)));
  add(
    'slash in a name, plain in the pattern',
    [host],
    withPolicy(policyText(root, `"/O=Grid/CN=host/*" ${ITSELF}`), refused),
  );
  add(
    'slash in a name, escaped in the pattern',
    [host],
    withPolicy(policyText(root, `"/O=Grid/CN=host\\\\\\\\/*" ${ITSELF}`)),
  );

  // revocation
  const crl = (revoked: readonly number[] = [], more: Record<string, unknown> = {}) =>
    [root, makeCrl({ issuer: root, revoked, ...more })] as const;
  const crlIssuer = 'the C tools look for the signer of a CRL in the trust directory only';
  const subCrl = (revoked: readonly number[] = []) => [sub, makeCrl({ issuer: sub, revoked })] as const;
  add('not revoked', [user], { crls: [crl([1, 2, 3])] });
  add('empty CRL', [user], { crls: [crl()] });
  add('revoked', [user], { crls: [crl([1, user.serial])], expect: 'crl/revoked' });
  add('proxy of a revoked user', [p1, user], { crls: [crl([user.serial])], expect: 'crl/revoked' });
  add('proxy of a user who is not revoked', [p1, user], { crls: [crl()] });
  add('revoked number of a proxy', [p1, user], { crls: [crl([p1.serial])] });
  add('expired CRL', [user], {
    crls: [crl([], { thisUpdate: past(9), nextUpdate: past(1) })],
    expect: 'crl/expired',
  });
  add('CRL of tomorrow', [user], {
    crls: [crl([], { thisUpdate: future(1), nextUpdate: future(2) })],
    expect: 'crl/not-yet-valid',
  });
  add('CRL signed by someone else', [user], {
    crls: [crl([], { signer: otherKeys })],
    expect: 'crl/signature-invalid',
  });
  add('revoked sub-authority', [subUser, sub], {
    crls: [crl([sub.serial]), subCrl()],
    expect: 'crl/revoked',
  });
  add('user revoked by the sub-authority', [subUser, sub], {
    crls: [crl(), subCrl([subUser.serial])],
    expect: 'crl/revoked',
  });
  add('CRLs at both levels', [subUser, sub], { crls: [crl(), subCrl()], globus: crlIssuer });
  add('CRLs at both levels, all authorities installed', [subUser, sub], {
    roots: [root, sub],
    crls: [crl(), subCrl()],
  });
  add('CRL of the root only', [subUser, sub], {
    crls: [crl()],
    openssl: 'OpenSSL then wants a CRL of every authority',
  });
  const noCrlSign = ca(root.dn, rootKeys, { extensions: [basicConstraints(true), keyUsage('keyCertSign')] });
  add('CRL of an authority without cRLSign', [user], {
    roots: [noCrlSign],
    crls: [crl()],
    warns: 'crl/issuer-key-usage',
    openssl: 'the CRL is genuine all the same: only remarked on, as the C tools do not look',
  });
  const scoped = extension('2.5.29.28', true, Buffer.from('3000', 'hex'));
  add('CRL with an unknown critical extension', [user], {
    crls: [crl([], { extensions: [extension('1.3.6.1.4.1.99999.8', true, scoped)] })],
    expect: 'crl/extension-unknown',
    globus: 'the C tools do not look at the extensions of a CRL',
  });
  return cases;
}

/** PEM of a CRL. */
export function crlPem(der: Buffer): string {
  return formatPem('X509 CRL', der);
}
