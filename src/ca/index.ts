/**
 * `latchkey/ca`: the embedded certificate authority: makes itself, issues host and user certificates, revokes, and writes
 * the trust directory others need. It knows nothing of MyProxy or of where a server keeps its state.
 */
export {
  type AuthorityOptions,
  authorityName,
  type CertificateAuthority,
  createAuthority,
} from './authority.ts';
export { readAuthority, readRevocations, writeAuthority, writeRevocations } from './authority-files.ts';
export { checkCommonName, type IssueOptions, issueHostCertificate, issueUserCertificate } from './issue.ts';
export { createRevocationList, type Revocation, type RevocationListOptions } from './revocation-list.ts';
export { randomSerialNumber } from './serial-number.ts';
export { trustFiles } from './trust-files.ts';
