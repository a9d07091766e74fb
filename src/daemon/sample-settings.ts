/**
 * The `latchkey.toml` of a new state directory: every path inside it, a policy that lets this installation's own users store
 * and whoever knows the pass phrase retrieve, and nobody renew, fetch keys or be trusted without one.
 *
 * @param namespace one-line prefix of the authority's subjects, `/O=Latchkey 3f9a`
 * @param page port of the web page
 */
export function sampleSettings(namespace: string, page: number): string {
  return `# Latchkey settings. Relative paths start at this file's directory. Unknown keys are errors.
# latchkey config check    says what is wrong or worth knowing
# latchkey config show --origin    shows every value in force and where it comes from
# A running server reads this file again on SIGHUP; a bad one leaves the old settings in force.

[server]
# listen = "127.0.0.1"          # default: every address of this machine
# port = 7512
certificate = "host/hostcert.pem"
key = "host/hostkey.pem"
trust_directory = "trust"       # whose certificates are believed: authorities, signing policies, revocation lists
trust_roots = true              # clients may fetch them (latchkey trustroots, myproxy-logon -T)
storage = "store"
# max_tls = "1.3"               # C clients of some releases stumble over Node's TLS 1.3 tickets

# Who may do what. Each entry is matched against the whole subject of the client: * stands for anything.
# A list that is not set lets nobody in.
[policy]
accepted_credentials = [${JSON.stringify(`${namespace}/*`)}]   # may store: the users of this installation's authority
authorized_retrievers = ["*"]         # may retrieve a proxy, with the pass phrase of the credential
# default_retrievers = ["*"]          # narrows that for credentials which do not say themselves
# authorized_renewers = ["${namespace}/CN=wms.example.org"]   # may renew without pass phrase what was stored for renewal
# default_renewers = []
# authorized_key_retrievers = []      # may fetch certificate and key (latchkey retrieve)
# default_key_retrievers = []
# trusted_retrievers = []             # may retrieve without pass phrase what was stored without one
# default_trusted_retrievers = []
# max_proxy_lifetime_hours = 24       # longest proxy handed out
# max_credential_lifetime_hours = 744 # longest credential that may be stored

[limits]
# request_timeout = 120               # seconds a connection may last, the user's typing included
# max_connections = 10000
# max_connections_per_address = 5000

[sealing]
# remember = 300                      # seconds a successful unlock is remembered in memory; 0 = not at all
# reseal_old_keys = true              # keys with the C server's old encryption are sealed anew when next used

# Tokens that follow the job: whoever may write below "tokens" asks for one (latchkey credmon add), and it is kept valid.
# What is changed here counts from the next start on.
[credmon]
directory = "tokens"
state = "monitor"                     # journal, sealing key, audit, control socket
web_prefix = "https://localhost:${page}"

[credmon.web]                         # what is kept, and for how long; publishes the key below
listen = "127.0.0.1:${page}"
certificate = "host/hostcert.pem"
key = "host/hostkey.pem"
sign_in_directory = "sign-in"
myproxy_storage = "store"

[credmon.local.scitokens]             # tokens signed here, without asking anybody
private_key = "token-key/private.pem"
public_key = "token-key/public.pem"
issuer = "https://localhost:${page}"
audience = ["https://localhost:${page}"]   # the services that shall accept them
# authz_template = "read:/user/{username} write:/user/{username}"
# lifetime = 1200

# [credmon.oauth.mytokens]            # tokens from an authorization server, after a login
#   issuer = "https://login.example.org"
#   client_id = "…"
#   client_secret_file = "mytokens-secret"

[audit]
file = "audit.log"                    # who did what to whose credential, from where, with which verdict, and why

[log]
file = "latchkey.log"                 # default: standard error
# format = "json"
# level = "info"                      # debug, info, warn, error
`;
}
