/** How much one client may ask of the HTTP server, named once. Tests pass smaller ones. */
export const LIMITS = {
  /** Request line and all header lines together, bytes. */
  headerBytes: 8 * 1024,
  /** Request target, characters. */
  targetLength: 2048,
  /** A report's form, bytes. Nothing else is sent to us. */
  formBytes: 16 * 1024,
  /** Of a body that is refused or not asked for, bytes read and thrown away so that its sender gets to read the answer. */
  drainBytes: 1024 * 1024,
  /** Milliseconds from the first byte of a request to its last header line (slow loris). */
  headersMs: 10_000,
  /** Milliseconds from the first byte of a request to its last. */
  requestMs: 30_000,
  /** Milliseconds a connection may idle between two requests. */
  keepAliveMs: 5_000,
  /** Milliseconds without a byte in either direction. Long: an installer writes to a slow disk while we wait for it. */
  silenceMs: 300_000,
  /** Milliseconds for a TLS handshake. */
  handshakeMs: 10_000,
  /** Open connections to each of the two ports. */
  connections: 2048,
  /** Open connections of one address to each port; a booting machine needs four. */
  connectionsPerAddress: 128,
  /** Pipelined requests of one connection under way at once. */
  requestsInFlight: 8,
  /** Milliseconds that close() lets open answers finish. */
  closeMs: 1_000,
};
export type Limits = Readonly<typeof LIMITS>;
