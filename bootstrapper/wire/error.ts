/** Bytes that are not what their protocol says: the one error every codec throws, and every service counts and ignores. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly protocol: string;

  /** `what` says which part is wrong and how: "option 12 is cut short: it says 9 bytes and 4 are left". */
  constructor(protocol: string, what: string) {
    super(`${protocol}: ${what}`);
    this.protocol = protocol;
  }
}
