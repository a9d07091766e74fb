import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type AuthoritySettings, type RunningAuthority, startAuthority } from '../../src/daemon/index.ts';
import type { Grid } from './grid.ts';
import { endsWith } from './workspace.ts';

/** What the clients of an organisation have on their disk: the line of its server, and its LSC file. */
export interface VomsSite {
  readonly vomses: string;
  readonly vomsDirectory: string;
  /** For programs that are the user: trust, LSC files, a home of their own, and no credential of the machine. */
  readonly env: NodeJS.ProcessEnv;
}

/** Our attribute authority in this process, and the site of its clients. */
export interface TestAuthority extends VomsSite {
  readonly authority: RunningAuthority;
  readonly membership: string;
  readonly auditFile: string;
  readonly logFile: string;
}

/** Jane is in the analysis group, with roles; the robot is suspended. */
const MEMBERS = `
vo = "testvo"
max_lifetime_hours = 24

[[group]]
name = "/testvo/analysis"
attributes = { site = "lab" }

[[member]]
dn = "/O=Grid/OU=Test/CN=Jane User"
ca = "/O=Grid/OU=Test/CN=Test CA"
groups = ["/testvo/analysis"]
roles = ["/testvo/analysis/Role=production", "/testvo/Role=VO-Admin"]
attributes = { nickname = "jane" }

[[member]]
dn = "/O=Grid/OU=Test/CN=Robot Renewer"
suspended = "membership expired"
`;

/** Starts our authority with the grid's host certificate on a free port. */
export async function startTestAuthority(
  t: Pick<TestContext, 'after'>,
  grid: Grid,
  more: { readonly members?: string; readonly limits?: AuthoritySettings['limits'] } = {},
): Promise<TestAuthority> {
  const at = (name: string): string => join(grid.directory, name);
  const membership = at('testvo.toml');
  writeFileSync(membership, more.members ?? MEMBERS);
  const auditFile = at('voms-audit.log');
  const logFile = at('voms.log');
  const authority = await startAuthority({
    membership,
    listen: { host: '127.0.0.1', port: 0, minTls: 'TLSv1.2', maxTls: 'TLSv1.2' },
    credential: { certificate: grid.host.certificate, key: grid.host.key },
    trustDirectory: grid.trustDirectory,
    log: { file: logFile, format: 'text', level: 'debug' },
    auditFile,
    limits: more.limits ?? { requestTimeoutSeconds: 20, maxConnections: 100, maxConnectionsPerAddress: 100 },
  });
  endsWith(t, grid.directory, () => authority.close(200));
  return { ...makeSite(grid, authority.address.port), authority, membership, auditFile, logFile };
}

/** Writes what clients need to know of a server of testvo that has the grid's host certificate. */
export function makeSite(grid: Grid, port: number, name = 'site'): VomsSite {
  const at = (...names: string[]): string => join(grid.directory, name, ...names);
  mkdirSync(at('vomsdir', 'testvo'), { recursive: true });
  mkdirSync(at('home'));
  // Without it the C++ tools complain that they cannot open it.
  writeFileSync(at('home', '.rnd'), '');
  writeFileSync(at('vomses'), `"testvo" "localhost" "${port}" "${grid.host.dn}" "testvo"\n`, { mode: 0o644 });
  writeFileSync(at('vomsdir', 'testvo', 'localhost.lsc'), `${grid.host.dn}\n${grid.ca.dn}\n`);
  return {
    vomses: at('vomses'),
    vomsDirectory: at('vomsdir'),
    env: {
      PATH: process.env.PATH,
      LC_ALL: 'C',
      HOME: at('home'),
      X509_CERT_DIR: grid.trustDirectory,
      X509_VOMS_DIR: at('vomsdir'),
      X509_VOMSES: at('vomses'),
      X509_USER_CERT: grid.user.certificate,
      X509_USER_KEY: grid.user.key,
      X509_USER_PROXY: at('proxy.pem'),
    },
  };
}
