/** What HTCondor's own table says of names that a monitor's values may rest on, when no file says it. Raw, as in a file. */
export const BUILT_IN_VALUES: Readonly<Record<string, string>> = {
  SECOND: '1',
  MINUTE: '60',
  HOUR: '(60 * $(MINUTE))',
  DAY: '(24 * $(HOUR))',
  WEEK: '(7 * $(DAY))',
  LOCAL_DIR: '$(TILDE)',
  RELEASE_DIR: '/usr',
  BIN: '$(RELEASE_DIR)/bin',
  SBIN: '$(RELEASE_DIR)/sbin',
  LIBEXEC: '$(RELEASE_DIR)/libexec/condor',
  ETC: '/etc/condor',
  LOG: '$(LOCAL_DIR)/log',
  LOCK: '$(LOG)',
  SPOOL: '$(LOCAL_DIR)/spool',
  EXECUTE: '$(LOCAL_DIR)/execute',
  RUN: '$(LOG)',
};

/** The release whose behaviour ours is compared with; `if version …` in files read without HTCondor is decided by it. */
export const REFERENCE_VERSION = '25.14.0';

/** Templates that say something to a credential monitor: `use FEATURE : OAUTH`. Others are noted and passed over. */
export const TEMPLATES: Readonly<Record<string, string>> = {
  'FEATURE:OAUTH': [
    'SEC_CREDENTIAL_DIRECTORY_OAUTH = /var/lib/condor/oauth_credentials',
    'CREDMON_OAUTH_LOG = $(LOG)/CredMonOAuthLog',
    'DAEMON_LIST = $(DAEMON_LIST) CREDMON_OAUTH',
    'AUTO_INCLUDE_CREDD_IN_DAEMON_LIST = True',
    'TRUST_CREDENTIAL_DIRECTORY = True',
  ].join('\n'),
  'FEATURE:KRB': 'SEC_CREDENTIAL_DIRECTORY_KRB = /var/lib/condor/krb_credentials',
};
