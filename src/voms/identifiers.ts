/** Object identifiers of VOMS, under 1.3.6.1.4.1.8005.100.100, and of what its attribute certificates use besides. */
export const VOMS = {
  /** Attribute: the policy authority and the FQANs. */
  attributes: '1.3.6.1.4.1.8005.100.100.4',
  /** Extension of a proxy: the attribute certificates. */
  attributeCertificates: '1.3.6.1.4.1.8005.100.100.5',
  /** Extension of an attribute certificate: the server's certificate chain. */
  issuerCertificates: '1.3.6.1.4.1.8005.100.100.10',
  /** Extension of an attribute certificate: generic attributes. */
  genericAttributes: '1.3.6.1.4.1.8005.100.100.11',
  targets: '2.5.29.55',
  noRevocation: '2.5.29.56',
  authorityKeyIdentifier: '2.5.29.35',
} as const;
