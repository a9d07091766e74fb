/**
 * `latchkey/voms`: attribute certificates of virtual organizations: read, verify and make them (RFC 5755, and the formats of VOMS),
 * FQANs, LSC files and the VOMS directory. It knows nothing of servers that are asked for them, and nothing of MyProxy.
 */
export { type AttributeCertificate, parseAttributeCertificate } from './attribute-certificate.ts';
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
export {
  attributeCertificatesExtension,
  attributeCertificatesOf,
  type CarriedAttributeCertificate,
} from './proxy-extension.ts';
export {
  type VomsReport,
  type VomsValidationOptions,
  validateAttributeCertificates,
  verifiedFqans,
} from './validation.ts';
export { memoryVomsDirectory, type VomsDirectory, type VomsMaterial } from './voms-directory.ts';
