/** Keys as OpenSSH keeps them: read, opened, compared and named, without any program. */
export { type AgentOptions, listAgentKeys } from './agent.ts';
export { type AwsKeyPair, awsFingerprints, matchesAwsFingerprint } from './aws-fingerprint.ts';
export { isCertificateOf, parseSshCertificate, type SshCertificate } from './certificate.ts';
export { sshFingerprint, sshFingerprintMd5 } from './fingerprint.ts';
export {
  inspectSshKey,
  type OpenKeyOptions,
  openSshKey,
  type SshKeyFile,
  type SshPrivateKey,
} from './private-key.ts';
export {
  formatSshPublicKey,
  parseSshPublicKey,
  type SshPublicKey,
  toSshPublicKey,
} from './public-key.ts';
