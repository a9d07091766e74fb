/**
 * `latchkey/voms`: attribute certificates of virtual organizations: read, verify and make them (RFC 5755, and the formats of VOMS),
 * FQANs, LSC files and the VOMS directory. It asks servers for them and answers as one; it knows nothing of MyProxy.
 */
export { type AttributeCertificate, parseAttributeCertificate } from './attribute-certificate.ts';
// Answering those who ask.
export { type AttributeAuthority, type AuthorityOutcome, answerRequest } from './authority/answer-request.ts';
export {
  type ClientCheck,
  type IdentifiedClient,
  identifyClient as identifyAttributeClient,
} from './authority/client.ts';
export type { NamedValue, VoMember, VoMembership } from './authority/membership.ts';
export { readMembership } from './authority/membership-document.ts';
export { readServedRequest, type ServedRequest } from './authority/served-request.ts';
// Asking servers for attributes.
export { type AttributeRequest, askedFqans, parseVomsWish, type VomsWish } from './contact-request.ts';
export { type DressOptions, dressCredential, type UnevenEnds, unevenEnds } from './dress.ts';
export { VOMS_REMEDIES, type VomsFinding, type VomsFindingCode } from './finding.ts';
export { type Fqan, formatFqan, fqansEqual, parseFqan } from './fqan.ts';
export type { GenericAttribute } from './generic-attributes.ts';
export type { Holder } from './holder.ts';
export { type AttributeCertificateFields, issueAttributeCertificate } from './issue.ts';
export {
  LoadedVomsDirectory,
  loadVomsDirectory,
  locateVomsDirectory,
  type VomsDirectoryFinding,
} from './loaded-directory.ts';
export { type LscChain, type LscFile, matchesLscChain, parseLscFile } from './lsc-file.ts';
export type { Membership } from './membership.ts';
export { type ObtainedAttributes, type ObtainOptions, obtainAttributes } from './obtain.ts';
export {
  attributeCertificatesExtension,
  attributeCertificatesOf,
  type CarriedAttributeCertificate,
} from './proxy-extension.ts';
export type { AnswerNote } from './response.ts';
export {
  type VomsReport,
  type VomsValidationOptions,
  validateAttributeCertificates,
  verifiedFqans,
} from './validation.ts';
export { memoryVomsDirectory, type VomsDirectory, type VomsMaterial } from './voms-directory.ts';
export { formatVomsesLine, parseVomses, serversOf, type VomsesContents, type VomsServer } from './vomses.ts';
export { loadVomses, type VomsesOptions, vomsesPlaces } from './vomses-files.ts';
export { errandsOf, obtainWishes, type WishOptions } from './wishes.ts';
