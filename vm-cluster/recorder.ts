/** Writes down what the machines say on their serial ports, with the time: recorder.ts LOG SOCKET [LOG SOCKET ...]. Runs as long as the rack. */
import { appendFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { SerialLines } from "./serial-lines.ts";

const files = process.argv.slice(2);

for (let index = 0; index + 1 < files.length; index += 2) {
  const [log, socket] = [files[index]!, files[index + 1]!];
  const write = (lines: readonly string[]) => {
    const now = new Date().toISOString();
    if (lines.length > 0) appendFileSync(log, lines.map((line) => `${now} ${line}\n`).join(""));
  };
  rmSync(socket, { force: true });
  createServer((machine) => {
    const lines = new SerialLines();
    write(["--- power on"]);
    machine.setEncoding("utf8");
    machine.on("data", (text: string) => write(lines.push(text)));
    machine.on("error", () => {}); // QEMU was ended; "close" follows
    machine.on("close", () => write([...lines.flush(), "--- power off"]));
  }).listen(socket);
}
