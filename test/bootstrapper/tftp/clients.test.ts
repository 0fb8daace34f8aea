/** Clients that others wrote, fetching from our server. Debian: curl, tftp-hpa, atftp, busybox-static; npm: tftp. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createClient } from "tftp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Serving, serveTftp } from "../../support/tftp.ts";

const run = promisify(execFile);
const pattern = (size: number): Buffer => Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) % 256));
const FILES: Record<string, Buffer> = {
  empty: Buffer.alloc(0),
  "one-block": pattern(511),
  "two-full-blocks": pattern(1024),
  "undionly.kpxe": pattern(108_832),
  /** Larger than what is kept in memory. */
  "installer.img": pattern(5_000_000),
};
/** Block numbers wrap when this is sent in blocks of 16. */
const WRAPS = pattern(65_540 * 16 + 7);
let server: Serving;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sextant-fetched-"));
  server = await serveTftp({ ...FILES, wraps: WRAPS, "menu.txt": "default linux\nprompt 0\n" });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

type Fetch = (name: string, to: string) => Promise<unknown>;
const curl =
  (...options: string[]): Fetch =>
  (name, to) =>
    run("curl", ["-sS", ...options, "-o", to, `tftp://127.0.0.1:${server.port}/${name}`]);
const atftp =
  (...options: string[]): Fetch =>
  (name, to) =>
    run("atftp", ["-g", "-r", name, "-l", to, ...options.flatMap((option) => ["--option", option]), "127.0.0.1", String(server.port)]);
const npm =
  (blockSize: number, windowSize: number): Fetch =>
  (name, to) =>
    new Promise((resolve, reject) => {
      createClient({ host: "127.0.0.1", port: server.port, blockSize, windowSize }).get(name, to, (error) =>
        error ? reject(error) : resolve(to),
      );
    });

const CLIENTS: Record<string, Fetch> = {
  "curl with blocks of 1468": curl("--tftp-blksize", "1468"),
  "curl without options": curl("--tftp-no-options"),
  "tftp-hpa": (name, to) => run("tftp", ["-4", "-m", "binary", "127.0.0.1", String(server.port), "-c", "get", name, to]),
  atftp: atftp("blksize 1428"),
  "atftp with windows of 8": atftp("blksize 1428", "windowsize 8"),
  busybox: (name, to) => run("busybox", ["tftp", "-b", "1400", "-g", "-r", name, "-l", to, "127.0.0.1", String(server.port)]),
  "npm's tftp with windows of 4": npm(1468, 4),
};

async function fetches(fetch: Fetch, name: string, bytes: Buffer): Promise<void> {
  const to = await mkdtemp(join(folder, "to-"));
  await fetch(name, join(to, name));
  const got = await readFile(join(to, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && bytes.length === 0) return bytes; // curl writes no file when there is nothing to write
    throw error;
  });
  expect(got.equals(bytes)).toBe(true);
}

const wanted = Object.keys(CLIENTS).flatMap((client) => Object.keys(FILES).map((file) => ({ client, file })));
test.each(wanted)("$client fetches $file intact", async ({ client, file }) => {
  await fetches(CLIENTS[client]!, file, FILES[file]!);
});

test.each([
  { client: "curl", fetch: curl("--tftp-blksize", "16") },
  { client: "atftp with windows of 32", fetch: atftp("blksize 16", "windowsize 32") },
  { client: "npm's tftp with windows of 32", fetch: npm(16, 32) },
])("$client fetches a file whose block numbers wrap past 65535", async ({ fetch }) => {
  await fetches(fetch, "wraps", WRAPS);
});

test("tftp-hpa fetches a text as text", async () => {
  const to = join(folder, "menu.txt");
  await run("tftp", ["-4", "-m", "netascii", "127.0.0.1", String(server.port), "-c", "get", "menu.txt", to]);
  expect(await readFile(to, "utf8")).toBe("default linux\nprompt 0\n");
});

/** curl's exit codes: 68 is "file not found on TFTP server", 69 "permission problem on TFTP server". */
test("curl hears that a file is missing", async () => {
  await expect(run("curl", ["-sS", `tftp://127.0.0.1:${server.port}/missing`])).rejects.toMatchObject({ code: 68 });
});

test("curl may not upload", async () => {
  const upload = join(import.meta.dirname, "clients.test.ts");
  await expect(run("curl", ["-sS", "-T", upload, `tftp://127.0.0.1:${server.port}/x`])).rejects.toMatchObject({ code: 69 });
});
