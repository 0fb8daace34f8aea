/** The two ports: health, bounds on connections, TLS, and an end that waits for nobody. */
import { truncateSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { connect as tlsConnect } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { startHttp } from "../../../bootstrapper/http/service.ts";
import { type Rig, startRig } from "./rig.ts";
import { CP1_ADDRESS } from "./small-world.ts";

let rig: Rig;
const start = async (limits = {}): Promise<void> => {
  rig = await startRig(limits);
};
afterEach(() => rig.stop());

test.each([true, false])("health is told as text and as JSON (plain: %s)", async (plain) => {
  await start();
  const text = await rig.ask("/healthz", { plain });
  expect([text.status, text.headers["content-type"], text.text]).toEqual([
    200,
    "text/plain; charset=utf-8",
    "ok\ndhcp: serving\ntime: synchronised\n",
  ]);
  rig.world.healthy = false;
  const json = await rig.ask("/healthz", { plain, headers: { Accept: "application/json" } });
  expect(json.status).toBe(503);
  expect(json.json()).toEqual({ ok: false, parts: { dhcp: "serving", time: "chronyd is not running" } });
});

test("every answer forbids sniffing, framing and foreign scripts", async () => {
  await start();
  for (const path of ["/healthz", "/", "/nothing", "/api/v1/status"]) {
    const { headers } = await rig.ask(path);
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer" });
    expect(headers["content-security-policy"]).toMatch(/default-src 'none'; script-src 'self';/);
    expect(headers["content-security-policy"]).not.toContain("unsafe");
  }
});

test("TLS older than 1.2 is not spoken", async () => {
  await start();
  const version = (maxVersion: "TLSv1.1" | "TLSv1.2" | "TLSv1.3"): Promise<string> =>
    new Promise((done) => {
      const options = {
        port: rig.httpsPort,
        host: "127.0.0.1",
        ca: rig.ca,
        minVersion: "TLSv1" as const,
        maxVersion,
        ciphers: "DEFAULT@SECLEVEL=0",
      };
      const socket = tlsConnect(options, () => {
        done(socket.getProtocol()!);
        socket.destroy();
      });
      socket.on("error", () => done("none"));
    });
  expect(await Promise.all([version("TLSv1.1"), version("TLSv1.2"), version("TLSv1.3")])).toEqual(["none", "TLSv1.2", "TLSv1.3"]);
});

test("one address cannot take all connections", async () => {
  await start({ connectionsPerAddress: 5 });
  const sockets = await Promise.all(Array.from({ length: 8 }, () => opened(rig.httpPort)));
  await expect.poll(() => sockets.filter((socket) => socket.destroyed)).toHaveLength(3);
  expect((await rig.ask("/healthz", { plain: true, from: CP1_ADDRESS })).status).toBe(200);
  expect(rig.world.lines("warning")).toEqual(["127.0.0.1 has 5 connections open; it gets no more"]);
  for (const socket of sockets) socket.destroy();
  await expect
    .poll(() =>
      rig.ask("/healthz", { plain: true }).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);
});

test("connections are bounded in all, and the operator is told", async () => {
  await start({ connections: 3 });
  const sockets = await Promise.all(Array.from({ length: 6 }, () => opened(rig.httpPort)));
  await expect.poll(() => sockets.filter((socket) => socket.destroyed)).toHaveLength(3);
  expect(rig.world.lines("warning")).toEqual(["3 connections are open; no more are taken"]);
  for (const socket of sockets) socket.destroy();
});

test("closing does not wait for downloads, idle connections or handshakes", async () => {
  await start({ closeMs: 200 });
  const big = join(rig.statics, "big");
  writeFileSync(big, "");
  truncateSync(big, 2 ** 30);
  const stalled = await Promise.all(
    Array.from(
      { length: 4 },
      () =>
        new Promise<IncomingMessage>((done) =>
          get(`http://127.0.0.1:${rig.httpPort}/static/big`, { agent: false }, (answer) => done(answer.pause())),
        ),
    ),
  );
  const idle = [await opened(rig.httpPort), await opened(rig.httpsPort)];
  const cut = Promise.all(stalled.map((answer) => new Promise((done) => answer.on("error", done).on("close", done).resume())));
  await rig.close();
  await cut;
  await expect.poll(() => idle.every((socket) => socket.destroyed)).toBe(true);
  await expect(rig.ask("/healthz", { plain: true })).rejects.toThrow("ECONNREFUSED");
});

test("a short answer under way is finished before the end", async () => {
  await start();
  const { bootScript } = rig.world.texts;
  let closing: Promise<void> | undefined;
  const { apply } = rig.world.machines;
  rig.world.machines.apply = (mac, event) => {
    closing = rig.close();
    return apply(mac, event);
  };
  expect((await rig.ask("/boot/525400000011", { plain: true, from: CP1_ADDRESS })).text).toBe(bootScript("52:54:00:00:00:11" as never));
  await closing;
});

test("a port that is taken is named, and the other one is given back", async () => {
  await start();
  const options = { address: "127.0.0.1", httpPort: rig.httpPort, httpsPort: 0, tls: rig.tls };
  await expect(startHttp(rig.world, options)).rejects.toThrow(`http cannot listen on 127.0.0.1:${rig.httpPort}: `);
  await expect(startHttp(rig.world, { ...options, httpPort: 0, httpsPort: rig.httpsPort })).rejects.toThrow("give another one");
});

const opened = (port: number): Promise<Socket> =>
  new Promise((done) => {
    const socket: Socket = connect(port, "127.0.0.1", () => done(socket)).on("error", () => {});
    socket.resume();
  });
