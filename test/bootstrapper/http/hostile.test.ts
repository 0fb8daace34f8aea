/** Every request an attacker or a broken client is known to send. After each one the server still answers. */
import { symlinkSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { connect as tlsConnect } from "node:tls";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { asOperator, type Rig, startRig } from "./rig.ts";
import { CP1, CP1_ADDRESS, STRANGER } from "./small-world.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ headersMs: 300, requestMs: 600, handshakeMs: 400 });
  writeFileSync(join(rig.statics, "file"), "content");
  writeFileSync(join(rig.folder, "secret"), "SECRET");
  symlinkSync("../secret", join(rig.statics, "escape"));
});
afterAll(() => rig.stop());
afterEach(async () => {
  for (const plain of [true, false]) expect((await rig.ask("/healthz", { plain })).status).toBe(200);
});

const get = (target: string, more = ""): string => `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${more}\r\n`;
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
const open: Socket[] = [];
const opened = (): Socket => {
  const socket = connect(rig.httpPort, "127.0.0.1").on("error", () => {});
  open.push(socket);
  return socket;
};
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

test.each([
  "/static/../secret",
  "/static/../../../../../../etc/passwd",
  "/static/%2e%2e/secret",
  "/static/%2E%2E%2Fsecret",
  "/static/..%2f..%2fsecret",
  "/static/..\\secret",
  "/static/..%5csecret",
  "/static/x/../../secret",
  "/static//../secret",
  "/static/./../secret",
  "/static/%00/../secret",
  "/static/file%00.txt",
])("encoded traversal: %s", async (target) => {
  const answer = await rig.raw(get(target));
  expect(statusOf(answer)).toBe(400);
  expect(answer).not.toContain("SECRET");
  expect(answer).not.toContain("root:");
});

test.each(["/static/%252e%252e/secret", "/static/%252e%252e%252fsecret", "/static/%25%32%65%25%32%65/secret", "/boot/52%253A54%253A00"])(
  "double-encoded traversal: %s",
  async (target) => {
    const answer = await rig.raw(get(target));
    expect(statusOf(answer)).toBe(400);
    expect(answer).toContain("encoded twice");
  },
);

test("symlink escape", async () => {
  const answer = await rig.raw(get("/static/escape"));
  expect(statusOf(answer)).toBe(404);
  expect(answer).not.toContain("SECRET");
});

test.each([
  ["http://127.0.0.1/healthz", 200],
  ["http://evil.example/static/file", 200],
  ["http://evil.example/static/../../secret", 400],
  ["http://evil.example", 307],
  ["ftp://evil.example/", 400],
  ["*", 400],
])("absolute URIs: %s", async (target, status) => {
  const answer = await rig.raw(get(target));
  expect(statusOf(answer)).toBe(status);
  if (status === 307) expect(answer).toContain(`Location: https://127.0.0.1:${rig.httpsPort}/`); // never whom the request names
});

test("header floods: too many bytes", async () => {
  expect(statusOf(await rig.raw(get("/healthz", `X-Flood: ${"a".repeat(70_000)}\r\n`)))).toBe(431);
});

test("header floods: too many lines", async () => {
  expect(statusOf(await rig.raw(get("/healthz", "X-Flood: a\r\n".repeat(5000))))).toBe(431);
});

test("header floods: a target without end", async () => {
  expect(statusOf(await rig.raw(get(`/${"a".repeat(5000)}`)))).toBe(414);
});

test("slow loris: a header line at a time, for ever", async () => {
  const socket = opened();
  const drip = setInterval(() => socket.write("X-Drip: 1\r\n"), 50);
  socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\n");
  const answer = await new Promise<string>((done) => {
    let text = "";
    socket.on("data", (part) => {
      text += part;
    });
    socket.on("close", () => done(text));
  });
  clearInterval(drip);
  expect(statusOf(answer)).toBe(408);
});

test("slow loris: a connection that never says anything", async () => {
  const socket = opened();
  await new Promise((done) => socket.on("close", done).resume());
});

test("slow loris: a body that never comes", async () => {
  const head = `POST /report/${CP1} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nphase`;
  const socket = tlsConnect({ port: rig.httpsPort, host: "127.0.0.1", ca: rig.ca, localAddress: CP1_ADDRESS } as never, () =>
    socket.write(head),
  );
  socket.on("error", () => {}).resume();
  await new Promise((done) => socket.on("close", done));
});

test("slow loris: a TLS handshake that never begins", async () => {
  const socket = connect(rig.httpsPort, "127.0.0.1").on("error", () => {});
  open.push(socket);
  await new Promise((done) => socket.on("close", done).resume());
});

test("huge bodies: announced", async () => {
  const { status } = await rig
    .ask(`/api/v1/machines/${CP1}/grant`, { method: "POST", headers: { "Content-Length": "99999999999" }, ...asOperator })
    .catch(
      () => ({ status: 0 }), // the connection may be cut before the answer is read
    );
  expect([0, 200]).toContain(status);
});

test.each(["GET", "HEAD"])("huge bodies: on a %s", async (method) => {
  const answer = await rig.raw(`${method} /static/file HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n${"x".repeat(100_000)}`);
  expect(statusOf(answer)).toBe(400);
  expect(answer).toContain("Connection: close");
});

test("huge bodies: chunks without end, where none is read", async () => {
  const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
  const socket = opened();
  let answer = "";
  let sent = 0;
  await new Promise<void>((done) => {
    socket
      .on("close", () => done())
      .on("data", (part) => {
        answer += part;
      });
    socket.write("POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    const more = (): void => {
      if (socket.destroyed) return;
      sent += chunk.length;
      socket.write(chunk, () => setImmediate(more));
    };
    more();
  });
  expect(["", "HTTP/1.1 405"]).toContain(answer.slice(0, 12)); // the cut may overtake the answer
  expect(sent).toBeLessThan(64 * 1024 * 1024);
});

test.each([`bytes=${Array.from({ length: 1000 }, (_, i) => `${i}-`).join(",")}`, "bytes=0-,0-,0-", "bytes=0-0,0-0,0-0,2-2", "bytes=-1,-2"])(
  "Range abuse: %.40s",
  async (range) => {
    const answer = await rig.raw(get("/static/file", `Range: ${range}\r\n`));
    expect(statusOf(answer)).toBe(200);
    expect(answer).toMatch(/\r\n\r\ncontent$/);
  },
);

test.each(["bytes=7-", "bytes=99-100", "bytes=999999999999999-"])("Range abuse: behind the end (%s)", async (range) => {
  const answer = await rig.raw(get("/static/file", `Range: ${range}\r\n`));
  expect(statusOf(answer)).toBe(416);
  expect(answer).toContain("Content-Range: bytes */7");
});

test.each([
  "52:54:00:00:00:11",
  "52-54-00-00-00-11",
  "525400000011",
  "5254.0000.0011",
  "52%3A54%3A00%3A00%3A00%3A11",
  "52:54:00:00:00:11.IPXE",
])("a MAC in every notation: %s", async (mac) => {
  expect((await rig.ask(`/boot/${mac}`, { plain: true, from: CP1_ADDRESS })).text).toContain(`install ${CP1}`);
});

test.each([
  "52:54:00:00:00",
  "52:54:00:00:00:11:22",
  "52:54:00:00:00:gg",
  "x".repeat(1000),
  "%E2%80%AE",
  "undefined",
  "$%7Bnet0/mac%7D",
  "<script>",
])("a MAC that is not one: %.40s", async (mac) => {
  const { status, text } = await rig.ask(`/boot/${encodeURI(decodeURI(mac))}`, { plain: true, from: CP1_ADDRESS });
  expect([400, 404]).toContain(status);
  expect(text).toMatch(/^refused: /);
});

test.each([
  ["not HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hello\r\n\r\n"],
  ["a version of the future", "GET / HTTP/9.9\r\n\r\n"],
  ["no host", "GET /healthz HTTP/1.1\r\n\r\n"],
  ["an unknown method", "BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["two lengths", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"],
  ["a length and chunks", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["a negative length", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"],
  ["a header with a NUL", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"],
  ["a folded header", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\nContent-Length : 1\r\n\r\n"],
  ["a proxy's tunnel", "CONNECT 10.0.0.11:22 HTTP/1.1\r\nHost: x\r\n\r\n"],
])("malformed: %s", async (_, bytes) => {
  const answer = await rig.raw(bytes);
  expect(answer === "" || statusOf(answer) === 400).toBe(true);
});

test("a request in pieces of one byte is a request", async () => {
  const socket = opened();
  let answer = "";
  socket.on("data", (part) => {
    answer += part;
  });
  for (const byte of get("/healthz")) {
    await new Promise((done) => socket.write(byte, done));
  }
  await new Promise((done) => socket.on("close", done));
  expect(statusOf(answer)).toBe(200);
});

test("pipelined requests are answered in their order", async () => {
  const one = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const answer = await rig.raw(one("/static/file") + one("/healthz") + one("/nothing") + get("/static/file"));
  expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1])).toEqual(["200", "200", "404", "200"]);
  expect(answer).toMatch(/content.*dhcp: serving.*refused.*content$/s);
});

test("a thousand pipelined requests cost no more than a few", async () => {
  const answer = await rig.raw("GET /static/file HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000));
  expect(answer.match(/HTTP\/1\.1 200/g)!.length).toBeLessThan(20);
  expect(answer.match(/HTTP\/1\.1 503/g)).toHaveLength(1);
});

test("a client that leaves in the middle of everything", async () => {
  for (let i = 0; i < 50; i += 1) {
    const socket = opened();
    await new Promise((done) => socket.write(`GET /static/file HTTP/1.1\r\nHost: x\r\n${i % 2 ? "\r\n" : ""}`, done));
    socket.resetAndDestroy();
  }
});

test("a broken part of the bootstrapper answers 500 without a trace of its insides, and is journaled", async () => {
  const { bootScript } = rig.world.texts;
  const world = rig.world as { texts: object };
  world.texts = {
    ...rig.world.texts,
    bootScript: () => {
      throw new Error("ENOENT: bsroot/templates/x");
    },
  };
  const { status, text } = await rig.ask(`/boot/${CP1}`, { plain: true, from: CP1_ADDRESS });
  world.texts = { ...rig.world.texts, bootScript };
  expect(status).toBe(500);
  expect(text).not.toMatch(/ENOENT|\.ts\b|^\s+at /m);
  expect(rig.world.lines("warning")).toContainEqual(expect.stringContaining("ENOENT: bsroot/templates/x"));
});

test("one noisy client cannot fill the journal", async () => {
  rig.world.entries.length = 0;
  for (let i = 0; i < 60; i += 1) await rig.ask(`/config/${CP1}`, { from: STRANGER });
  await rig.ask(`/config/${CP1}`, { from: "127.0.0.98" });
  const lines = rig.world.lines("refused");
  expect(lines).toHaveLength(32);
  expect(lines[30]).toContain("more than 30 times a minute");
  expect(lines[31]).toContain("127.0.0.98");
});
