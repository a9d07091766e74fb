import { LatchkeyError } from '../../kit/index.ts';
import { codeOf } from './tcp-connection.ts';

/** Alerts by which a server says that it does not accept our certificate (RFC 8446 §6.2), as OpenSSL names them. */
const REFUSALS: Readonly<Record<string, string>> = {
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'it does not know the authority that issued it',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'it has expired',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'it has been revoked',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'it is not acceptable',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'it is not acceptable',
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: 'certificates of its type are not supported',
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: 'access is denied',
  ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR: 'its signature could not be verified',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'a certificate is required',
};

/** TLS failures with a cause that can be told. */
const FAILURES: Readonly<Record<string, { readonly reason: string; readonly hint: string }>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: {
    reason: 'what answered does not speak TLS',
    hint: 'is it the port of a MyProxy server (7512 as a rule)?',
  },
  ERR_SSL_UNSUPPORTED_PROTOCOL: {
    reason: 'it offers no TLS version from 1.2 on',
    hint: 'the server must be brought up to date; older versions of TLS are not safe',
  },
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: {
    reason: 'it offers no TLS version that this client allows',
    hint: 'the server must be brought up to date; see also GLOBUS_GSSAPI_MIN_TLS_PROTOCOL and GLOBUS_GSSAPI_MAX_TLS_PROTOCOL',
  },
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: {
    reason: 'it found no cipher, or no certificate, that both sides accept',
    hint: "the server's log says more; see also GLOBUS_GSSAPI_CIPHERS",
  },
};

/** Why the server refused our certificate, if that is what the error says. */
export function refusalReason(error: unknown): string | undefined {
  return REFUSALS[codeOf(error) ?? ''];
}

/** Makes the error of a TLS connection presentable. `where` is the server. */
export function tlsError(where: string, error: unknown): LatchkeyError {
  if (error instanceof LatchkeyError) return error;
  const code = codeOf(error) ?? '';
  const row = FAILURES[code];
  if (row !== undefined) {
    return new LatchkeyError('myproxy/tls', `no TLS connection with ${where}: ${row.reason}`, {
      cause: error,
      hint: row.hint,
    });
  }
  if (isClosedCode(code)) {
    return new LatchkeyError('myproxy/closed', `${where} closed the connection`, {
      cause: error,
      retryable: true,
    });
  }
  const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  return new LatchkeyError('myproxy/tls', `the TLS connection with ${where} failed: ${reason}`, {
    cause: error,
  });
}

/** True for the codes of a connection that the other side ended. */
export function isClosedCode(code: string): boolean {
  return [
    'ECONNRESET',
    'EPIPE',
    'ERR_STREAM_PREMATURE_CLOSE',
    'ERR_STREAM_DESTROYED',
    'ECONNABORTED',
  ].includes(code);
}
