/** `bootstrapper cluster`: what the operator orders, through the API of the server that runs, with the token of its bsroot. */
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { setTimeout as pause } from "node:timers/promises";
import { layout } from "../cluster/layout.ts";
import { news, type OperationTold, type Order } from "./cluster-words.ts";
import type { Printer } from "./printer.ts";

export interface ClusterCommand {
  readonly order: Order;
  readonly bsroot: string;
  /** Where the server is: "127.0.0.1". */
  readonly address: string;
  readonly port: number;
  /** The plan is carried out without asking. */
  readonly yes: boolean;
}

/** It was refused, or does not answer; the message says why and what to do. */
export class ClusterCommandError extends Error {
  override readonly name = "ClusterCommandError";
}

const EVERY = 1_000;
const PATIENCE = 300_000;
/** Looks in a row that may fail: the server may be restarted meanwhile. */
const MISSED = 60;

type Ask = (method: "GET" | "POST", path: string) => Promise<unknown>;

/** Resolves with whether all is well. Throws ClusterCommandError. */
export async function clusterCommand(command: ClusterCommand, out: Printer): Promise<boolean> {
  const ask = await asking(command);
  switch (command.order.do) {
    case "operate":
      return operate(command.order.query, command.yes, ask, out);
    case "continue":
    case "cancel":
      await ask("POST", command.order.do);
      return follow(ask, out);
    case "follow":
      return follow(ask, out);
    case "snapshot": {
      const { name, size } = (await ask("POST", "snapshots")) as SnapshotTold;
      out.print(`${name}  ${size} bytes`);
      return true;
    }
    case "snapshots": {
      const { snapshots } = (await ask("GET", "snapshots")) as { readonly snapshots: readonly SnapshotTold[] };
      for (const { name, at, size, sha256 } of snapshots) out.print(`${name}  ${at}  ${String(size).padStart(12)}  ${sha256}`);
      return true;
    }
  }
}

interface SnapshotTold {
  readonly name: string;
  readonly at: string;
  readonly size: number;
  readonly sha256: string;
}

async function operate(query: Readonly<Record<string, string>>, yes: boolean, ask: Ask, out: Printer): Promise<boolean> {
  const shown = (await ask("POST", `plan?${new URLSearchParams(query)}`)) as {
    readonly plan: string;
    readonly wish: string;
    readonly steps: readonly string[];
    readonly notes: readonly string[];
  };
  out.print(`${shown.wish}:`);
  for (const [index, step] of shown.steps.entries()) out.print(`${String(index + 1).padStart(4)}  ${step}`);
  for (const note of shown.notes) out.print(`note: ${note}`);
  await out.flush();
  if (!yes && !(await agreed())) {
    out.print("nothing was done");
    return false;
  }
  await ask("POST", `apply?${new URLSearchParams({ ...query, plan: shown.plan })}`);
  return follow(ask, out);
}

async function agreed(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new ClusterCommandError("nobody is there to agree to this plan; say --yes");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question("Carry this out? [y/N] ")).trim());
  } finally {
    terminal.close();
  }
}

/** Until it is at its end. */
async function follow(ask: Ask, out: Printer): Promise<boolean> {
  let before: OperationTold | undefined;
  for (let missed = 0; ; await pause(EVERY)) {
    try {
      const { operation } = (await ask("GET", "operation")) as { readonly operation?: OperationTold };
      if (!operation) throw new ClusterCommandError("nothing was begun");
      for (const line of news(before, operation)) out.print(line);
      await out.flush();
      if (operation.is !== "running") return operation.is === "done";
      before = operation;
      missed = 0;
    } catch (error) {
      missed += 1;
      if (before === undefined || missed > MISSED) throw error;
    }
  }
}

async function asking({ bsroot, address, port }: ClusterCommand): Promise<Ask> {
  const read = (path: string): Promise<string> =>
    readFile(join(bsroot, path), "utf8").catch((error: Error) => {
      throw new ClusterCommandError(`${join(bsroot, path)}: ${error.message}; name the bsroot that the server serves with --bsroot`);
    });
  const [ca, token] = await Promise.all([read(layout.tls.ca), read(layout.tls.apiToken)]);
  const agent = new Agent({ ca, minVersion: "TLSv1.2" });
  return (method, path) =>
    new Promise((resolve, reject) => {
      const failed = (because: string): void => reject(new ClusterCommandError(because));
      const signal = AbortSignal.timeout(PATIENCE);
      const headers = { Authorization: `Bearer ${token.trim()}`, Accept: "application/json" };
      const asked = request({ host: address, port, method, path: `/api/v1/cluster/${path}`, headers, agent, signal }, async (answer) => {
        try {
          const parts: Buffer[] = [];
          for await (const part of answer as AsyncIterable<Buffer>) parts.push(part);
          const told = JSON.parse(Buffer.concat(parts).toString("utf8")) as { readonly error?: string; readonly hint?: string };
          if (answer.statusCode === 200) resolve(told);
          else failed(`${told.error}${told.hint ? `; ${told.hint}` : ""}`);
        } catch (error) {
          failed(
            `the server at ${address}:${port} answers ${answer.statusCode}, and nothing that is understood: ${(error as Error).message}`,
          );
        }
      });
      asked.on("error", (error) =>
        failed(`no bootstrapper answers at ${address}:${port}: ${error.message}; start it, or say --address and --https-port`),
      );
      asked.end();
    });
}
