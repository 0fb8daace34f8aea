import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, createServer as createRawServer, type Server as RawServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Environment, proxyFor } from "../../../bsroot-builder/download/proxy.ts";
import { opener } from "../../../bsroot-builder/download/source.ts";
import { Web } from "../../../bsroot-builder/download/web.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listen(server: Server | RawServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function web(environment: Environment = {}, patience = 5_000): Web {
  const made = new Web(environment, patience);
  closing.push(async () => made.close());
  return made;
}

async function read(url: string, client = web(), pause = 0): Promise<string> {
  const source = await opener(client)({ url, offset: 0 });
  await sleep(pause);
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.body) chunks.push(chunk);
  source.close();
  return Buffer.concat(chunks).toString();
}

describe("a connection", () => {
  test("that the server closes while we are busy elsewhere loses nothing and ends nobody", async () => {
    const body = "x".repeat(3_000_000);
    const port = await listen(
      createRawServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`));
      }),
    );
    expect((await read(`http://127.0.0.1:${port}/`, web(), 300)).length).toBe(body.length);
  });

  test("on which nothing comes is given up", async () => {
    const port = await listen(createRawServer((socket) => void socket.on("error", () => {})));
    await expect(read(`http://127.0.0.1:${port}/`, web({}, 100))).rejects.toThrow("the connection failed: nothing came for 0.1 seconds");
  });

  test("to something that speaks no HTTP is an error that a second try will not mend", async () => {
    const port = await listen(createRawServer((socket) => void socket.on("error", () => {}).end("SSH-2.0-OpenSSH\r\n")));
    await expect(read(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
      message: expect.stringMatching(/does not speak/),
      again: false,
    });
  });

  test("that another error ends is told by that error's own words", async () => {
    const port = await listen(createServer((_, response) => void response.socket?.destroy()));
    await expect(read(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
      message: expect.stringMatching(/connection failed: socket hang up/),
      again: true,
    });
  });
});

describe("https", () => {
  let folder: string;
  let port: number;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "sextant-web-"));
    const [key, cert] = [join(folder, "key"), join(folder, "cert")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, ...subject],
      {
        stdio: "ignore",
      },
    );
    port = await listen(
      createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => void response.end("secret")),
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("with a certificate that nobody here trusts is refused, with the way out, and not tried again", async () => {
    await expect(read(`https://127.0.0.1:${port}/`)).rejects.toMatchObject({
      message: expect.stringMatching(/not trusted here \(DEPTH_ZERO_SELF_SIGNED_CERT\); .*NODE_EXTRA_CA_CERTS/),
      again: false,
    });
  });

  test("goes through a proxy as a tunnel, and is still checked at its end", async () => {
    const proxy = await startProxy();
    await expect(read(`https://127.0.0.1:${port}/`, web({ https_proxy: proxy.url }))).rejects.toThrow(/DEPTH_ZERO_SELF_SIGNED_CERT/);
    expect(proxy.asked).toEqual([`CONNECT 127.0.0.1:${port}`]);
  });

  test("through a proxy that refuses says who refused", async () => {
    const proxy = await startProxy(407);
    await expect(read(`https://127.0.0.1:${port}/`, web({ https_proxy: proxy.url }))).rejects.toThrow(
      `the proxy ${new URL(proxy.url).host} answers 407 to a tunnel to 127.0.0.1:${port}`,
    );
  });
});

test("http goes through a proxy with the whole URL, the name of the host and the proxy's password", async () => {
  const proxy = await startProxy();
  const withPassword = proxy.url.replace("://", "://me:p%40ss@");
  expect(await read("http://images.example.com/a?b", web({ HTTP_PROXY: withPassword }))).toBe("from the proxy");
  expect(proxy.asked).toEqual([`GET http://images.example.com/a?b images.example.com Basic ${Buffer.from("me:p@ss").toString("base64")}`]);
});

/** Answers GETs itself and tunnels what is CONNECTed, unless it refuses with `status`. */
async function startProxy(status = 200): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push([request.method, request.url, request.headers.host, request.headers["proxy-authorization"]].filter(Boolean).join(" "));
    response.end("from the proxy");
  });
  server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.on("error", () => {});
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const [host, port] = request.url!.split(":");
    const there = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(there).pipe(socket);
    });
    there.on("error", () => {});
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, asked };
}

test("a SOCKS proxy is refused in words", () => {
  expect(() => proxyFor(new URL("http://a.com/"), { http_proxy: "socks5://proxy.lan" })).toThrow("only http and https ones are known");
});

describe("which proxy stands before a URL", () => {
  const PROXY = "http://proxy.lan:3128";
  test.each([
    { url: "http://a.com/", environment: {}, proxy: undefined },
    { url: "http://a.com/", environment: { http_proxy: PROXY }, proxy: "http://proxy.lan:3128/" },
    { url: "https://a.com/", environment: { http_proxy: PROXY }, proxy: undefined },
    { url: "https://a.com/", environment: { HTTPS_PROXY: "proxy.lan:3128" }, proxy: "http://proxy.lan:3128/" },
    { url: "http://a.com/", environment: { http_proxy: PROXY, no_proxy: "b.com, a.com" }, proxy: undefined },
    { url: "http://x.a.com/", environment: { http_proxy: PROXY, NO_PROXY: ".a.com" }, proxy: undefined },
    { url: "http://xa.com/", environment: { http_proxy: PROXY, no_proxy: "a.com" }, proxy: "http://proxy.lan:3128/" },
    { url: "http://a.com:8080/", environment: { http_proxy: PROXY, no_proxy: "a.com:8080" }, proxy: undefined },
    { url: "http://a.com:8081/", environment: { http_proxy: PROXY, no_proxy: "a.com:8080" }, proxy: "http://proxy.lan:3128/" },
    { url: "http://a.com/", environment: { http_proxy: PROXY, no_proxy: "*" }, proxy: undefined },
    { url: "http://10.1.2.3/", environment: { http_proxy: PROXY, no_proxy: "10.0.0.0/8" }, proxy: undefined },
    { url: "http://11.1.2.3/", environment: { http_proxy: PROXY, no_proxy: "10.0.0.0/8" }, proxy: "http://proxy.lan:3128/" },
    { url: "http://[fd00::1]/", environment: { http_proxy: PROXY, no_proxy: "fd00::/8" }, proxy: undefined },
    { url: "http://a.com/", environment: { http_proxy: "", HTTP_PROXY: PROXY }, proxy: "http://proxy.lan:3128/" },
  ])("$url with $environment: $proxy", ({ url, environment, proxy }) => {
    expect(proxyFor(new URL(url), environment as Environment)?.href).toBe(proxy);
  });

  test("is decided for any environment at all, or refused in words", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (proxy, exceptions) => {
        try {
          proxyFor(new URL("http://a.com/"), { http_proxy: proxy, no_proxy: exceptions });
        } catch (error) {
          expect((error as Error).message).toMatch(/which is no address|only http and https ones are known/);
        }
      }),
    );
  });
});
