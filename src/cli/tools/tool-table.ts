import type { Tool } from '../kit/index.ts';

/** Every name the executable acts by, and where its tool is. Nothing is loaded before it is needed. */
export const TOOLS: Readonly<Record<string, () => Promise<Tool>>> = {
  'myproxy-init': async () => (await import('./myproxy-init.ts')).myproxyInit,
  'myproxy-logon': async () => (await import('./myproxy-logon.ts')).myproxyLogon,
  'myproxy-get-delegation': async () => (await import('./myproxy-logon.ts')).myproxyLogon,
  'myproxy-info': async () => (await import('./myproxy-info.ts')).myproxyInfo,
  'myproxy-destroy': async () => (await import('./myproxy-destroy.ts')).myproxyDestroy,
  'myproxy-store': async () => (await import('./myproxy-store.ts')).myproxyStore,
  'myproxy-retrieve': async () => (await import('./myproxy-retrieve.ts')).myproxyRetrieve,
  'myproxy-change-pass-phrase': async () =>
    (await import('./myproxy-change-pass-phrase.ts')).myproxyChangePassPhrase,
  'myproxy-get-trustroots': async () => (await import('./myproxy-get-trustroots.ts')).myproxyGetTrustroots,
  'myproxy-server': async () => (await import('./myproxy-server.ts')).myproxyServer,
  'myproxy-admin-query': async () => (await import('./myproxy-admin-query.ts')).myproxyAdminQuery,
  'myproxy-admin-change-pass': async () =>
    (await import('./myproxy-admin-change-pass.ts')).myproxyAdminChangePass,
  'myproxy-admin-load-credential': async () =>
    (await import('./myproxy-admin-load-credential.ts')).myproxyAdminLoadCredential,
  'myproxy-admin-adduser': async () => (await import('./myproxy-admin-adduser.ts')).myproxyAdminAdduser,
  'myproxy-admin-addservice': async () => (await import('./myproxy-admin-adduser.ts')).myproxyAdminAddservice,
  'grid-proxy-init': async () => (await import('./grid-proxy-init.ts')).gridProxyInit,
  'grid-proxy-info': async () => (await import('./grid-proxy-info.ts')).gridProxyInfo,
  'grid-proxy-destroy': async () => (await import('./grid-proxy-destroy.ts')).gridProxyDestroy,
  'voms-proxy-init': async () => (await import('./voms-proxy-init.ts')).vomsProxyInit,
  'voms-proxy-info': async () => (await import('./voms-proxy-info.ts')).vomsProxyInfo,
  'voms-proxy-fake': async () => (await import('./voms-proxy-fake.ts')).vomsProxyFake,
  'voms-proxy-destroy': async () => (await import('./voms-proxy-destroy.ts')).vomsProxyDestroy,
  condor_credmon_oauth: async () => (await import('./condor-credmon-oauth.ts')).condorCredmonOauth,
  condor_credmon_vault: async () => (await import('./condor-credmon-vault.ts')).condorCredmonVault,
  scitokens_credmon: async () => (await import('./scitokens-credmon.ts')).scitokensCredmon,
  scitokens_credential_producer: async () =>
    (await import('./scitokens-credential-producer.ts')).scitokensCredentialProducer,
  'scitokens-admin-create-key': async () =>
    (await import('./scitokens-admin-create-key.ts')).scitokensAdminCreateKey,
  jobManTest: async () => (await import('./job-manager.ts')).jobManTest,
  jobManStatus: async () => (await import('./job-manager.ts')).jobManStatus,
  myproxyclient: async () => (await import('./myproxyclient.ts')).myproxyClient,
};

/** The tool a program name stands for; `undefined` for any other name. */
export function toolNamed(name: string): (() => Promise<Tool>) | undefined {
  return Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
}
