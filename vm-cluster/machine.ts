/** A virtual machine: power switch, serial log, disks. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { boardOf } from "./firmware.ts";
import { isAlive, kill, type ProcessId } from "./processes.ts";
import { type Accelerator, type Hardware, qemuArguments, type Sockets } from "./qemu.ts";
import { qmp } from "./qmp.ts";
import type { RackState } from "./rack-state.ts";

export class VirtualMachine {
  readonly hardware: Hardware;
  readonly serialLog: string;
  readonly #folder: string;
  readonly #sockets: Sockets;
  readonly #accelerator: Accelerator;
  readonly #state: RackState;
  #process: ProcessId | undefined;

  /** `port` is the number of its switch port. Its blank disks are made if they are not there. */
  constructor(hardware: Hardware, port: number, accelerator: Accelerator, state: RackState) {
    this.hardware = hardware;
    this.#accelerator = accelerator;
    this.#state = state;
    this.#folder = join(state.folder, "machines", hardware.name);
    this.serialLog = join(this.#folder, "serial.log");
    const socket = (kind: string) => join(state.sockets, `${port}.${kind}`);
    this.#sockets = {
      port: `port${port}`,
      serial: socket("serial"),
      qmp: socket("qmp"),
      variables: join(this.#folder, "uefi-variables.fd"),
      disk: (index) => join(this.#folder, `disk${index}.raw`),
    };
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(this.serialLog, "", { flag: "a" });
    hardware.disks.forEach(({ size }, index) => {
      if (existsSync(this.disk(index))) return;
      writeFileSync(this.disk(index), "");
      truncateSync(this.disk(index), size);
    });
    const { flash } = boardOf(hardware.firmware);
    if (flash && !existsSync(this.#sockets.variables)) copyFileSync(flash.variables, this.#sockets.variables);
  }

  get name(): string {
    return this.hardware.name;
  }

  get port(): string {
    return this.#sockets.port;
  }

  /** Where the recorder listens for its serial port. */
  get serialSocket(): string {
    return this.#sockets.serial;
  }

  disk(index: number): string {
    return this.#sockets.disk(index);
  }

  /** Another one each time it is switched on; 0 while it is off. */
  get switchedOn(): number {
    return this.#process?.pid ?? 0;
  }

  isOn(): boolean {
    return this.#process !== undefined && isAlive(this.#process);
  }

  powerOn(): void {
    if (this.isOn()) return;
    const command = [boardOf(this.hardware.firmware).program, ...qemuArguments(this.hardware, this.#sockets, this.#accelerator)] as const;
    this.#process = this.#state.start(this.name, this.#state.network.inside([...command]), join(this.#folder, "qemu.log"));
  }

  /** Pulls the plug: nothing is asked, nothing is written any more. */
  async cutPower(): Promise<void> {
    if (this.#process) await kill([this.#process]);
    this.#process = undefined;
  }

  /** The reset button. */
  async reset(): Promise<void> {
    await qmp(this.#sockets.qmp, "system_reset");
  }

  /** What it last said on its serial port; with what QEMU itself had to say when it is off. */
  lastWords(lines: number): readonly string[] {
    const tail = (file: string) => (existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines) : []);
    return [...tail(this.serialLog), ...(this.isOn() ? [] : tail(join(this.#folder, "qemu.log")))].filter((line) => line !== "");
  }

  serialText(): string {
    return readFileSync(this.serialLog, "utf8");
  }
}
