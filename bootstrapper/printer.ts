/** Lines to the terminal, or to whoever collects them, without ever waiting for the reader. */
import { write } from "node:fs";

export interface Printer {
  print(line: string): void;
  /** Resolves when all that was printed is out. */
  flush(): Promise<void>;
}

/** Characters that may wait for a terminal or a log collector that does not read; beyond them, lines are lost, and counted. */
const UNREAD = 1 << 20;
/** Milliseconds between two writes: a storm's lines leave together. */
const PAUSE = 20;

/**
 * Prints to a descriptor from a thread of its own: process.stdout writes to pipes and files synchronously, so a collector that stops
 * reading would stop the whole server.
 */
export function printer(descriptor: number): Printer {
  let waiting = "";
  let lost = 0;
  let working: Promise<void> | undefined;
  let hurry = (): void => {};

  async function work(): Promise<void> {
    while (waiting !== "") {
      const text = waiting;
      waiting = "";
      await writeAll(descriptor, Buffer.from(text));
      await new Promise<void>((resolve) => {
        hurry = resolve;
        setTimeout(resolve, PAUSE);
      });
    }
    working = undefined;
  }
  return {
    print: (line) => {
      if (waiting.length + line.length > UNREAD) {
        lost += 1;
        return;
      }
      const note = lost > 0 ? `... ${lost} lines were lost: nobody read them\n` : "";
      lost = 0;
      waiting += `${note}${line}\n`;
      working ??= work();
    },
    flush: async () => {
      while (working) {
        hurry();
        await Promise.race([working, new Promise(setImmediate)]);
      }
    },
  };
}

/** Nobody to print for is no reason to end: a closed pipe loses the text. */
async function writeAll(descriptor: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += await new Promise<number>((resolve, reject) =>
        write(descriptor, bytes, at, (error, written) => (error ? reject(error) : resolve(written))),
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      await new Promise((resolve) => setTimeout(resolve, 50)); // a pipe that somebody made non-blocking, and it is full
    }
  }
}
