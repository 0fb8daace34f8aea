/** One command to a running QEMU over its QMP socket. https://www.qemu.org/docs/master/interop/qmp-spec.html */
import { connect } from "node:net";
import { createInterface } from "node:readline";

/** Throws when QEMU does not answer within 5 s, or refuses. */
export function qmp(socket: string, command: "system_reset" | "quit" | "query-status"): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket);
    const say = (execute: string) => connection.write(`${JSON.stringify({ execute })}\n`);
    const finish = (outcome: () => void) => {
      connection.destroy();
      outcome();
    };
    connection.setTimeout(5000, () => finish(() => reject(new Error(`${socket}: QEMU does not answer`))));
    connection.on("error", (error) => finish(() => reject(error)));
    // `quit` may close the connection before its answer is read.
    connection.on("close", () => (command === "quit" ? resolve(undefined) : reject(new Error(`${socket}: QEMU hung up`))));
    let answers = 0;
    createInterface(connection).on("line", (line) => {
      const message = JSON.parse(line) as { QMP?: unknown; return?: unknown; error?: { desc: string }; event?: string };
      if (message.QMP !== undefined) return void say("qmp_capabilities");
      if (message.error) return finish(() => reject(new Error(`${socket}: ${message.error?.desc}`)));
      if (message.return === undefined) return; // an event
      answers += 1;
      if (answers === 1) say(command);
      else finish(() => resolve(message.return));
    });
  });
}
