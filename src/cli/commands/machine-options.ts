import type { CommandOption } from './command-spec.ts';

/** How a machine is logged in to; read by {@link openSession}. Data only. */
export const MACHINE: readonly CommandOption[] = [
  {
    short: 'i',
    long: 'identity',
    value: 'FILE',
    help: 'private key, before any other; its pass phrase is asked for',
    completes: 'file',
  },
  {
    long: 'login-proxy',
    value: 'FILE',
    help: 'X.509 proxy for gsissh://; default X509_USER_PROXY, else /tmp/x509up_u<uid>',
    completes: 'file',
  },
  { long: 'password', help: 'log in with a password, which is asked for' },
  {
    long: 'password-file',
    value: 'FILE',
    help: 'log in with the password on its first line; only you may read it',
    completes: 'file',
  },
  {
    long: 'accept-new',
    help: 'remember the key of a host never seen before; default: refuse it. A changed key is always refused',
  },
  { long: 'known-hosts', value: 'FILE', help: "instead of ssh's own files", completes: 'file' },
  {
    long: 'ssh-config',
    value: 'FILE',
    help: "instead of ssh's own configuration; none = no file",
    completes: 'file',
  },
  { long: 'jump', value: 'HOST,…', help: 'by way of these, nearest first; user@host:port each' },
  { long: 'only-these', help: 'offer nothing but what is named here: no agent, no keys of ~/.ssh' },
];
