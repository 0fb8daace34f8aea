/** What etcd's JSON gateway answers, as values. Numbers of 64 bits come as text; what is zero or empty is left out. */
import { z } from "zod";

const text = z.string().catch("");
const list = z.object({
  members: z.array(z.object({ ID: z.string(), name: text, peerURLs: z.array(z.string()).catch([]), isLearner: z.boolean().catch(false) })),
});
const status = z.object({ version: text, leader: text, dbSize: text, errors: z.array(z.string()).catch([]) });
const piece = z.union([
  z.object({ result: z.object({ blob: text }) }),
  z.object({ error: z.object({ message: z.string().catch("it does not say why") }) }),
]);

export interface Member {
  /** Decimal. */
  readonly id: string;
  /** "" before it has started. */
  readonly name: string;
  readonly peers: readonly string[];
  readonly learner: boolean;
}
export interface Status {
  readonly version: string;
  /** It knows who leads: its part of the cluster has a quorum. */
  readonly led: boolean;
  /** "NOSPACE" and the like. */
  readonly errors: readonly string[];
}

/** Both throw ZodError for what is no such answer. */
export const readMembers = (answer: unknown): readonly Member[] =>
  list.parse(answer).members.map(({ ID, name, peerURLs, isLearner }) => ({ id: ID, name, peers: peerURLs, learner: isLearner }));
export function readStatus(answer: unknown): Status {
  const { version, leader, errors } = status.parse(answer);
  return { version, led: leader !== "" && leader !== "0", errors };
}

/** Characters of one line: a piece is 32 KiB before it is base64. */
const LINE = 1024 * 1024;

/** The bytes in a stream of lines, each an object with a blob. Throws Error for anything else. */
export async function* snapshotBlobs(stream: AsyncIterable<Uint8Array>, heard: () => void): AsyncGenerator<Buffer> {
  let rest = "";
  for await (const part of stream) {
    heard();
    const lines = (rest + Buffer.from(part).toString("latin1")).split("\n");
    rest = lines.pop()!;
    if (rest.length > LINE) throw new Error("a piece is too long");
    for (const line of lines) if (line.trim() !== "") yield blobOf(line);
  }
  if (rest.trim() !== "") yield blobOf(rest);
}

function blobOf(line: string): Buffer {
  const read = piece.parse(JSON.parse(line));
  if ("error" in read) throw new Error(read.error.message);
  return Buffer.from(read.result.blob, "base64");
}
