/** The shells a live system may have, and how a test runs a script in one of them without ever touching this machine. */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** busybox answers many commands by itself; dash is Debian's sh; Flatcar's sh is bash. */
export const SHELLS = { "busybox ash": ["busybox", "ash"], dash: ["dash"], bash: ["bash", "--posix"] } as const;
export type Shell = keyof typeof SHELLS;

export interface Ran {
  readonly status: number | null;
  readonly output: string;
}

/** A folder that stands for a live system: what commands answer, and what they were asked. */
export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), "sextant-live-"));
  readonly #standIns = new Map<string, string>();

  constructor() {
    mkdirSync(join(this.folder, "commands"));
    mkdirSync(join(this.folder, "tmp"));
  }

  /** `body` runs instead of the command, with LAB naming the folder; every call is written down. */
  command(name: string, body = ""): this {
    const file = join(this.folder, "commands", name);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >>"$LAB/calls"\n${body}\n`);
    chmodSync(file, 0o755);
    this.#standIns.set(name, file);
    return this;
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(join(this.folder, name), content);
    return join(this.folder, name);
  }

  read = (name: string): Buffer => readFileSync(join(this.folder, name));
  calls = (): readonly string[] => this.read("calls").toString().split("\n").filter(Boolean);

  /** Stand-ins are functions in front of the script: busybox would prefer its own reboot to one found in PATH. */
  async run(shell: Shell, script: string): Promise<Ran> {
    const functions = [...this.#standIns].map(([name, file]) => `${name}() { '${file}' "$@"; }\n`).join("");
    const file = this.write("script.sh", functions + script);
    const [command, ...args] = SHELLS[shell];
    const child = spawn(command, [...args, file], {
      env: { PATH: process.env["PATH"], LAB: this.folder, TMPDIR: join(this.folder, "tmp") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (output += part.toString()));
    const status = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    return { status, output };
  }

  clear(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
