/** One transfer as a TFTP client sees it: what came in order, and what there is to say about it. RFC 1350, RFC 7440. */
import type { Agreed } from "./tftp-request.ts";

/** After a datagram: nothing to say yet, an ACK to send, all is there, or why it failed. */
export type Verdict = "wait" | "acknowledge" | "again" | "done" | { readonly because: string };

const PLAIN: Agreed = { blockSize: 512, windowSize: 1 };

export class TftpClient {
  agreed = PLAIN;
  /** Bytes that came in order. */
  got = 0;
  /** The block that comes next; block numbers begin at 0 again behind 65535. */
  due = 1;
  /** Blocks since our last ACK. */
  #since = 0;
  /** What came behind a gap was asked for again. */
  #complained = false;

  agree(agreed: Agreed): Verdict {
    if (this.got > 0) return "wait"; // an OACK that was sent twice
    this.agreed = agreed;
    return "acknowledge";
  }

  /** `bytes` from `at` on for `length` are a DATA packet; `content` is what the file holds. */
  data(bytes: Buffer, at: number, length: number, content: Buffer): Verdict {
    const block = bytes.readUInt16BE(at + 2);
    if (block !== this.due) return this.#outOfOrder(block);
    const size = length - 4;
    const end = this.got + size;
    if (end > content.length || bytes.compare(content, this.got, end, at + 4, at + length) !== 0)
      return { because: `block ${block} is not what the file holds there` };
    this.got = end;
    this.due = (block + 1) & 0xffff;
    this.#since += 1;
    this.#complained = false;
    if (size < this.agreed.blockSize)
      return end === content.length ? "done" : { because: `it ended after ${end} of ${content.length} bytes` };
    return this.#since >= this.agreed.windowSize ? "acknowledge" : "wait";
  }

  /** The ACK that is due now; from then on the window begins anew. */
  acknowledge(): number {
    this.#since = 0;
    return (this.due - 1) & 0xffff;
  }

  /** RFC 7440 §4: a gap is told at once, but once. What lies behind us is the server's repetition: answering it is the Sorcerer's Apprentice. */
  #outOfOrder(block: number): Verdict {
    const ahead = ((block - this.due) & 0xffff) < 0x8000;
    if (!ahead || this.#complained) return "wait";
    this.#complained = true;
    return "again";
  }
}
