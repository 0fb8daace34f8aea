/** What a TFTP client asks for, and what the server agreed to. RFC 1350 §5, RFC 2347 to 2349, RFC 7440. */

export interface Asked {
  readonly file: string;
  readonly blockSize: number;
  readonly windowSize: number;
}

export interface Agreed {
  readonly blockSize: number;
  readonly windowSize: number;
}

/** `room` answers where a request of that many bytes goes. */
export function writeRequest(asked: Asked, room: (length: number) => { readonly bytes: Buffer; readonly at: number }): void {
  const words = [asked.file, "octet", "tsize", "0", "blksize", String(asked.blockSize)];
  if (asked.windowSize > 1) words.push("windowsize", String(asked.windowSize));
  const text = `\0\x01${words.join("\0")}\0`;
  const { bytes, at } = room(text.length);
  bytes.write(text, at, "latin1");
}

/** `options` as they lie in an OACK, behind its number. */
export function agreedIn(options: Buffer): Agreed {
  const words = options.toString("latin1").toLowerCase().split("\0");
  const value = (name: string): number | undefined => {
    const at = words.findIndex((word, index) => index % 2 === 0 && word === name);
    return at < 0 ? undefined : Number(words[at + 1]);
  };
  return { blockSize: value("blksize") ?? 512, windowSize: value("windowsize") ?? 1 };
}
