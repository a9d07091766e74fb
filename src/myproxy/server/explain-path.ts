import type { PathReport } from '../../x509/index.ts';

/** Why a chain was refused, in sentences that name the certificate: at most three. */
export function explainPath(report: PathReport): string[] {
  const errors = report.findings.filter((finding) => finding.severity === 'error');
  const sentences = errors.slice(0, 3).map((finding) => finding.message);
  if (errors.length > 3) sentences.push(`and ${errors.length - 3} more reasons`);
  return sentences;
}
