/**
 * The lines of a state file: each is one batch of changes, written and synced as a whole, behind its own checksum.
 *
 *     3f2a90b1 [["machines","52:54:00:00:00:11",{"phase":"ready"}],["leases",...]]
 *
 * A batch is only begun when the one before it is on disk. So a power cut can spoil the end of a file and nothing else: a spoilt line with
 * a sound one behind it is damage, never an unfinished write.
 */
import { crc32 } from "node:zlib";

export interface Line {
  /** Where it begins, in bytes. */
  readonly at: number;
  /** undefined: the line is spoilt. */
  readonly items: readonly unknown[] | undefined;
}

/** `items` are JSON already. */
export function encodeLine(items: readonly string[]): string {
  const body = `[${items.join(",")}]`;
  return `${checksum(body)} ${body}\n`;
}

/** Never throws. Bytes after the last line break are a spoilt line too. */
export function decodeLines(bytes: Uint8Array): readonly Line[] {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines: Line[] = [];
  for (let at = 0; at < whole.length; ) {
    const found = whole.indexOf("\n", at);
    const end = found < 0 ? whole.length : found;
    lines.push({ at, items: found < 0 ? undefined : decodeLine(whole.subarray(at, end)) });
    at = end + 1;
  }
  return lines;
}

function decodeLine(line: Buffer): readonly unknown[] | undefined {
  const body = line.subarray(9);
  if (line.toString("latin1", 0, 9) !== `${checksum(body)} `) return undefined;
  try {
    const items: unknown = JSON.parse(body.toString());
    return Array.isArray(items) ? items : undefined;
  } catch {
    return undefined; // a right checksum over something that we did not write
  }
}

const checksum = (body: string | Buffer): string => crc32(body).toString(16).padStart(8, "0");
