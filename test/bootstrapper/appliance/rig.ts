/** The real program in a process of its own on loopback ports, with a bsroot and a state folder that outlive it. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layout } from "../../../cluster/layout.ts";
import { API_TOKEN, makeBsroot } from "../../support/bsroot.ts";
import { DESCRIPTION } from "../../support/description.ts";
import { freePort } from "../../support/free-port.ts";

export interface Answer {
  readonly status: number;
  readonly text: string;
}
export interface Ask {
  readonly method?: string;
  /** The address to call from. */
  readonly from?: string;
  readonly token?: string;
  readonly form?: Record<string, string>;
}

export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), "sextant-rig-"));
  readonly bsroot = join(this.folder, "bsroot");
  readonly state = join(this.folder, "state");
  readonly ports: Record<"http" | "https" | "dhcp" | "tftp" | "dns" | "time" | "registry", number>;
  output = "";
  #child: ChildProcess | undefined;

  private constructor(ports: readonly number[]) {
    const [http, https, dhcp, tftp, dns, time, registry] = ports as [number, number, number, number, number, number, number];
    this.ports = { http, https, dhcp, tftp, dns, time, registry };
  }

  static async make(description = DESCRIPTION): Promise<Rig> {
    const rig = new Rig(await Promise.all(Array.from({ length: 7 }, () => freePort())));
    chmodSync(rig.folder, 0o711); // chronyd, which gives up root, must reach its folder below
    makeBsroot(rig.bsroot, description);
    return rig;
  }

  arguments(command = "serve"): string[] {
    const ports = Object.entries(this.ports).flatMap(([name, port]) => [`--${name}-port`, String(port)]);
    return [command, "--bsroot", this.bsroot, "--state", this.state, ...ports];
  }

  /** Resolves when it says that it is ready; rejects with its output when it ends before. */
  start(...more: string[]): Promise<void> {
    const words = ["--import", "tsx", "bootstrapper/main.ts", ...this.arguments(), ...more];
    const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.output = "";
    return new Promise((resolve, reject) => {
      const hear = (bytes: Buffer): void => {
        this.output += bytes;
        if (/ready in [\d.]+ s/.test(this.output)) resolve();
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.once("close", () => {
        if (this.#child === child) this.#child = undefined;
        reject(new Error(this.output));
      });
    });
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  signal(signal: "SIGHUP"): void {
    this.#child!.kill(signal);
  }

  /** Resolves with the exit code, or the signal. */
  stop(signal: "SIGTERM" | "SIGKILL" | "SIGINT" = "SIGTERM"): Promise<number | string> {
    const child = this.#child!;
    this.#child = undefined;
    return new Promise((resolve) => {
      child.once("close", (code, signal) => resolve(code ?? signal ?? ""));
      child.kill(signal);
    });
  }

  async remove(): Promise<void> {
    if (this.#child) await this.stop(); // not killed: it takes its chronyd with it
    rmSync(this.folder, { recursive: true });
  }

  plain(path: string, how: Ask = {}): Promise<Answer> {
    return ask(this.ports.http, path, how);
  }

  tls(path: string, how: Ask = {}): Promise<Answer> {
    return ask(this.ports.https, path, how, readFileSync(join(this.bsroot, layout.tls.ca), "utf8"));
  }

  /** What the operator is told; any, for tests look at corners of it. */
  async api<T>(path: string, method = "GET"): Promise<T> {
    const { text } = await this.tls(`/api/v1${path}`, { token: API_TOKEN, method });
    return JSON.parse(text) as T;
  }
}

export const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

function ask(port: number, path: string, { method = "GET", from = "127.0.0.1", token, form }: Ask, ca?: string): Promise<Answer> {
  const body = form && new URLSearchParams(form).toString();
  const headers = {
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...(body !== undefined && { "Content-Type": "application/x-www-form-urlencoded", "Content-Length": Buffer.byteLength(body) }),
  };
  const options = { host: "127.0.0.1", port, path, method, localAddress: from, agent: false as const, headers };
  return new Promise((resolve, reject) => {
    const request = ca === undefined ? plainRequest(options) : tlsRequest({ ...options, ca });
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode!, text }));
    });
    request.end(body);
  });
}
