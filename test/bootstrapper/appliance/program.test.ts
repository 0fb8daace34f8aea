import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { appendFileSync, existsSync, mkdirSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { layout } from "../../../cluster/layout.ts";
import { DESCRIPTION } from "../../support/description.ts";
import { Rig } from "./rig.ts";

const run = (...words: string[]): { status: number | null; out: string; complaint: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "bootstrapper/main.ts", ...words], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  });
  return { status, out: stdout, complaint: stderr };
};

describe("the program", () => {
  test("helps whoever asks", () => {
    expect(run("--help")).toMatchObject({ status: 0, out: expect.stringContaining("bootstrapper serve"), complaint: "" });
  });

  test("ends with code 2 when it is used wrongly", () => {
    expect(run("serve", "--port", "1")).toMatchObject({ status: 2, out: "", complaint: expect.stringMatching(/^bootstrapper: .*--port/) });
  });

  test("ends with code 1, in one sentence, when there is no bsroot", () => {
    const { status, complaint } = run("serve", "--bsroot", "/nowhere", "--state", "/nowhere");
    expect(status).toBe(1);
    expect(complaint).toBe("bootstrapper: /nowhere: there is no such folder; name a bsroot with --bsroot\n");
  });
});

describe("a start that cannot be", () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await Rig.make();
    return () => rig.remove();
  });

  test("names who has the port", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(rig.ports.https, "0.0.0.0", resolve));
    await expect(rig.start()).rejects.toThrow(
      new RegExp(
        `0\\.0\\.0\\.0:${rig.ports.https}.*It is held by .+ \\(process ${process.pid}\\): stop that, or choose another port with --https-port`,
      ),
    );
    await new Promise((resolve) => other.close(resolve));
  });

  test("names who has the UDP port, and leaves nothing behind that would hinder the next start", async () => {
    const other = createSocket("udp4");
    await new Promise<void>((resolve) => other.bind(rig.ports.tftp, "127.0.0.1", resolve));
    await expect(rig.start()).rejects.toThrow(new RegExp(`:${rig.ports.tftp}/udp.*\\(process ${process.pid}\\).*--tftp-port`));
    await new Promise<void>((resolve) => other.close(resolve));
    await rig.start();
  });

  test("says which addresses there are when ours is missing", async () => {
    await expect(rig.start("--address", "192.0.2.1")).rejects.toThrow(/no interface of this host has 192\.0\.2\.1/);
  });

  test("says who uses the state folder", async () => {
    await rig.start();
    const words = ["--import", "tsx", "bootstrapper/main.ts", ...rig.arguments()];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toMatch(/another bootstrapper \(process \d+\) works with this state folder/);
  });

  test("says so when it cannot write its state", async () => {
    mkdirSync(rig.state);
    mkdirSync(join(rig.state, "state.log"));
    await expect(rig.start()).rejects.toThrow(/state\.log: cannot be read/);
  });
});

describe("a bootstrapper that serves", () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.make(DESCRIPTION.replace("cluster: demo", "cluster: other"));
    appendFileSync(join(rig.bsroot, layout.tftp, layout.loaders.bios), "!");
    await rig.start();
    return () => rig.remove();
  });

  test("says how it is, part by part", async () => {
    await vi.waitFor(async () => {
      const { status, text } = await rig.plain("/healthz");
      expect(status).toBe(200);
      expect(text).toMatch(
        /^ok\ndhcp: serving.*\nrouter advertisements: off\ntftp: serving\ndns: serving.*\nhttp: serving\ntime: serving this host's clock, stratum 10\nregistry: off\nkubernetes: off\n$/,
      );
    }, 5000);
  });

  test("journals what in its bsroot is not what the manifest says", async () => {
    await vi.waitFor(() => expect(rig.output).toMatch(/1 of \d+ files of the bsroot.*are not what the manifest says/));
    expect(rig.output).toMatch(/appliance warning: tftpboot\/undionly\.kpxe: has \d+ bytes instead of \d+; copy the bsroot here again/);
  });

  test("answers for names of machines and for its own", async () => {
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${rig.ports.dns}`]);
    expect(await resolver.resolve4("cp-1.demo.lan")).toEqual(["127.0.0.11"]);
    expect(await resolver.resolve4("52-54-00-00-00-21.demo.lan")).toEqual(["127.0.0.21"]);
    expect(await resolver.resolve4("bootstrapper.demo.lan")).toEqual(["127.0.0.1"]);
    expect(await resolver.reverse("127.0.0.11")).toEqual(["cp-1.demo.lan"]);
  });

  test("writes JSON when told to", async () => {
    expect(await rig.stop()).toBe(0);
    await rig.start("--log", "json");
    const [first = ""] = rig.output.split("\n");
    expect(JSON.parse(first)).toMatchObject({ from: expect.any(String), text: expect.any(String), time: expect.stringContaining("T") });
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "ends cleanly on %s, though somebody keeps a connection open, and takes its chronyd along",
    async (signal) => {
      if (!rig.running) await rig.start();
      const guest = connect(rig.ports.http, "127.0.0.1");
      guest.on("error", () => {});
      await new Promise((resolve) => guest.once("connect", resolve));
      expect(await rig.stop(signal)).toBe(0);
      expect(existsSync(join(rig.state, "time", "chronyd.pid"))).toBe(false);
      guest.destroy();
    },
  );
});
