/**
 * `latchkey/x509`: names, certificates, requests, CRLs, keys, proxies (RFC 3820, GT3 draft, legacy), path validation,
 * trust directories and proxy files. It knows nothing of MyProxy, of where credentials are stored, or of sockets.
 */
export { type BasicConstraints, basicConstraints, basicConstraintsExtension } from './basic-constraints.ts';
export {
  type Certificate,
  formatCertificates,
  isSignedBy,
  parseCertificate,
  parseCertificates,
} from './certificate.ts';
export { buildCertificate, type CertificateFields } from './certificate-builder.ts';
export {
  type CertificateRequest,
  type CertificateRequestFields,
  createCertificateRequest,
  parseCertificateRequest,
} from './certificate-request.ts';
export { type Credential, formatCredential, isKeyOf, makeCredential, parseCredential } from './credential.ts';
export {
  type CredentialLocation,
  type LocationOptions,
  locateClientCredentials,
} from './credential-location.ts';
export { type Crl, parseCrl, type RevokedEntry } from './crl.ts';
export { describeProxy, hasProxyName } from './describe-proxy.ts';
export { EKU, extendedKeyUsage, extendedKeyUsageExtension } from './extended-key-usage.ts';
export {
  type Extended,
  type Extension,
  encodeExtensions,
  findExtension,
  readExtensions,
} from './extension.ts';
export { issueProxy, type ProxyFields } from './issue-proxy.ts';
export {
  authorityKeyIdentifier,
  authorityKeyIdentifierExtension,
  subjectKeyIdentifier,
  subjectKeyIdentifierExtension,
} from './key-identifiers.ts';
export { generateKeyPair, type KeyAlgorithm, type KeyPair } from './key-pair.ts';
export { type KeyUsage, keyUsage, keyUsageExtension } from './key-usage.ts';
export { appendCommonName, type Name, type NameAttribute, namesEqual, parseName } from './name.ts';
export { formatOneline, hasUniqueOneline, parseOneline } from './name-oneline.ts';
export { formatRfc4514, parseRfc4514 } from './name-rfc4514.ts';
export { OPENSSL_VERIFY_TEXT, type PathFinding, type PathFindingCode } from './path-finding.ts';
export { type PathOptions, type PathReport, validatePath } from './path-validation.ts';
export { isPkcs12, openPkcs12 } from './pkcs12.ts';
export { isEncryptedKey, openPrivateKey } from './private-key.ts';
export {
  DRAFT_PROXY_CERT_INFO,
  PROXY_CERT_INFO,
  proxyCertInfoExtension,
  proxyTypeOfRequest,
} from './proxy-cert-info.ts';
export { endEntityOf, identityOf, isLimitedChain } from './proxy-chain.ts';
export { defaultProxyPath, readPrivateFile, readProxyFile, writeProxyFile } from './proxy-file.ts';
export type { ProxyKind, ProxyRights, ProxyType } from './proxy-type.ts';
export { encodePublicKey, isSameKey, readPublicKey } from './public-key.ts';
export { sealPrivateKey } from './seal-private-key.ts';
export {
  checkServerIdentity,
  type ServerIdentityFinding,
  type ServerIdentityOptions,
} from './server-identity.ts';
export {
  type Digest,
  type Signed,
  signatureAlgorithmFor,
  signatureDigest,
  verifySignature,
} from './signature-algorithm.ts';
export { keySigner, type Signer } from './signer.ts';
export {
  formatSigningPolicy,
  isNameAllowed,
  parseSigningPolicy,
  type SigningPolicy,
  type SigningPolicyFile,
  type SigningPolicyFinding,
} from './signing-policy.ts';
export { comparableOneline } from './signing-policy-pattern.ts';
export {
  encodeGeneralName,
  type GeneralName,
  readGeneralName,
  subjectAltNameExtension,
  subjectAltNames,
} from './subject-alt-name.ts';
export { isSameName, subjectHash, subjectHashOld } from './subject-hash.ts';
export { sentChain, tlsIdentity } from './tls-peer.ts';
export { trustRootsOfChain } from './trust-bootstrap.ts';
export { loadTrustDirectory, TrustDirectory, type TrustDirectoryOptions } from './trust-directory.ts';
export type { TrustFinding } from './trust-file-contents.ts';
export { readTrustFiles } from './trust-files.ts';
export { installTrustRoots } from './trust-install.ts';
export { locateTrustDirectory, type TrustLocationOptions, trustInstallDirectory } from './trust-location.ts';
export { memoryTrustStore, type TrustMaterial, type TrustStore } from './trust-store.ts';
