import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { JournalEntry } from "../../bootstrapper/journal.ts";
import { chronyConf, startTime, type Time, type TimeSettings } from "../../bootstrapper/time.ts";
import { openUdp } from "../../bootstrapper/wire/udp.ts";
import { ipv4, subnet } from "../../cluster/address.ts";
import { freePort } from "../support/free-port.ts";

const HERE = ipv4("127.0.0.1");
let folder = "";
let entries: Omit<JournalEntry, "at">[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sextant-time-"));
  chmodSync(folder, 0o711); // as the store makes it
  entries = [];
  return () => rmSync(folder, { recursive: true });
});

async function settings(more: Partial<TimeSettings> = {}): Promise<TimeSettings> {
  const journal: TimeSettings["journal"] = (entry) => entries.push(entry);
  return { mode: "serve", address: HERE, port: await freePort(), subnet: subnet("127.0.0.0/8"), folder, journal, soonest: 50, ...more };
}
async function started(chosen: TimeSettings): Promise<Time> {
  const time = await startTime(chosen);
  onTestFinished(() => time.close());
  return time;
}

/** One question of an NTP client: the answer's mode and stratum (RFC 5905 §7.3); undefined when none comes. */
async function askTime(port: number): Promise<{ mode: number; stratum: number } | undefined> {
  const socket = createSocket("udp4");
  const answer = new Promise<{ mode: number; stratum: number } | undefined>((resolve) => {
    socket.once("message", (bytes) => resolve({ mode: bytes[0]! & 7, stratum: bytes[1]! }));
    setTimeout(() => resolve(undefined), 300);
  });
  const question = Buffer.alloc(48);
  question[0] = (4 << 3) | 3; // version 4, client
  socket.send(question, port, HERE);
  const heard = await answer;
  socket.close();
  return heard;
}
const answers = (port: number): Promise<void> =>
  vi.waitFor(async () => expect(await askTime(port)).toEqual({ mode: 4, stratum: 10 }), 10_000);

describe("the time server", () => {
  test("answers NTP clients with this host's clock, and tells how it is", async () => {
    const chosen = await settings();
    const time = await started(chosen);
    await answers(chosen.port);
    await vi.waitFor(() => expect(time.health()).toBe("serving this host's clock, stratum 10"), 5000);
    expect(time.ok()).toBe(true);
  });

  test("is up again after it was killed", async () => {
    const chosen = await settings();
    const time = await started(chosen);
    await answers(chosen.port);
    process.kill(time.pid!, "SIGKILL");
    await vi.waitFor(() => expect(entries.map(({ text }) => text)).toContain("no time is served: chronyd ended with SIGKILL"));
    await answers(chosen.port);
    expect(time.ok()).toBe(true);
  });

  test("is gone when it is closed", async () => {
    const chosen = await settings();
    const time = await startTime(chosen);
    await answers(chosen.port);
    await time.close();
    expect(await askTime(chosen.port)).toBeUndefined();
    expect(existsSync(join(folder, "time", "chronyd.pid"))).toBe(false);
  });

  test("takes over from the chronyd of a bootstrapper that was killed", async () => {
    const chosen = await settings();
    const files = { pid: join(folder, "time", "chronyd.pid"), socket: join(folder, "time", "chronyd.sock") };
    writeFileSync(join(folder, "chrony.conf"), chronyConf(chosen, files));
    const orphan = spawn("chronyd", ["-d", "-x", "-f", join(folder, "chrony.conf")], { stdio: "ignore" });
    await answers(chosen.port);
    const time = await started(chosen);
    expect(time.ok()).toBe(true);
    expect(orphan.exitCode ?? orphan.signalCode).not.toBeNull();
    await answers(chosen.port);
  });

  test("leaves a stranger alone whose number stands in the pid file", async () => {
    execFileSync("install", ["-d", "-o", "_chrony", "-g", "_chrony", "-m", "750", join(folder, "time")]);
    writeFileSync(join(folder, "time", "chronyd.pid"), `${process.pid}\n`);
    const chosen = await settings();
    await started(chosen);
    await answers(chosen.port);
  });

  test("says what to do when the port is taken, and serves once it is free", async () => {
    const other = await openUdp({ address: HERE, port: 0 }, () => {});
    const { port } = other.address();
    const time = await started(await settings({ port }));
    expect(time.ok()).toBe(false);
    expect(time.health()).toContain(`cannot listen on 127.0.0.1:${port}/udp: another program has the port`);
    expect(entries.at(-1)).toMatchObject({
      level: "warning",
      text: expect.stringContaining("if this host serves time already, start with --time off"),
    });
    await other.close();
    await answers(port);
    expect(time.ok()).toBe(true);
  });

  test("says what to do when chrony is missing", async () => {
    const time = await started(await settings({ chronyd: "no-such-chronyd" }));
    expect(time.health()).toBe("no-such-chronyd is not installed");
    expect(entries.at(-1)?.text).toBe(
      "no time is served: no-such-chronyd is not installed; install the package chrony, or start with --time off",
    );
  });

  test("sets this host's clock only when told to steer", async () => {
    const files = { pid: "/p", socket: "/s" };
    const conf = (mode: "serve" | "steer"): string =>
      chronyConf({ mode, address: ipv4("10.0.0.1"), port: 123, subnet: subnet("10.0.0.0/24"), folder: "/var/lib/sextant" }, files);
    expect(conf("serve").split("\n").slice(1)).toEqual([
      "bindaddress 10.0.0.1",
      "port 123",
      "allow 10.0.0.0/24",
      "local stratum 10",
      "cmdport 0",
      "bindcmdaddress /s",
      "pidfile /p",
      "",
    ]);
    expect(conf("steer")).toContain("confdir /var/lib/sextant/time.d\n");
    await started(await settings());
    expect(readFileSync(join(folder, "chrony.conf"), "utf8")).not.toContain("makestep");
  });
});
