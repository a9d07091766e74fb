/**
 * `latchkey/web`: pages and HTTP API, a pure `Request → Response` application.
 * It knows nothing of sockets, TLS or the daemon; what it shows and does comes through the interfaces it is given.
 */
export {};
