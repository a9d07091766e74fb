// The part of the stand-in of gsissh that looks at the proxy; see gsissh.ts.
import { appendFileSync } from 'node:fs';
import { formatOneline, loadTrustDirectory, readProxyFile, validatePath } from '../../src/x509/index.ts';

/** What is recorded of a login. */
export interface GridLogin {
  readonly words: readonly string[];
  /** The variables of the grid. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of all variables. */
  readonly names: readonly string[];
}

const [recordFile = '', ...words] = process.argv.slice(2);
const variables = Object.entries(process.env).filter(([name]) => name.startsWith('X509_'));

// What rides on a master that stands already, and questions about the program and its configuration, are no logins.
const isQuestion = ['-G', '-O', '-V'].some((word) => words.includes(word));
const isLogin = !isQuestion && (words.includes('-M') || !words.includes('-S'));

if (isLogin) {
  const line: GridLogin = {
    words,
    environment: Object.fromEntries(variables),
    names: Object.keys(process.env).sort(),
  };
  appendFileSync(recordFile, `${JSON.stringify(line)}\n`);
  try {
    const { X509_USER_PROXY: proxy = '', X509_CERT_DIR: trusted = '' } = process.env;
    const { chain } = await readProxyFile(proxy);
    const report = validatePath(chain, { trust: await loadTrustDirectory(trusted), now: new Date() });
    if (!report.ok) throw new Error(report.findings[0]?.message);
    process.stderr.write(`debug: ${report.identity === undefined ? '' : formatOneline(report.identity)}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.stderr.write('user@host: Permission denied (gssapi-keyex,gssapi-with-mic).\n');
    process.exitCode = 255;
  }
}
