import { formatOneline, type PathReport } from '../../x509/index.ts';

/** Why a chain was refused, in sentences: at most three, each with the certificate it is about. */
export function explainPath(report: PathReport): string[] {
  const errors = report.findings.filter((finding) => finding.severity === 'error');
  const sentences = errors.slice(0, 3).map((finding) => {
    const certificate = finding.index === undefined ? undefined : report.path[finding.index];
    return certificate === undefined
      ? finding.message
      : `${formatOneline(certificate.subject)}: ${finding.message}`;
  });
  if (errors.length > 3) sentences.push(`and ${errors.length - 3} more reasons`);
  return sentences;
}
