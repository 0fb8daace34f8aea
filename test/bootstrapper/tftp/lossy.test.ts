/** Files arrive intact over a network that loses, repeats and reorders, and nothing is sent more often than that explains. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lossyProxy, type Weather } from "../../support/lossy-proxy.ts";
import { fetchTftp, type Serving, serveTftp } from "../../support/tftp.ts";

const FILE = Buffer.from(Uint8Array.from({ length: 60_000 }, (_, i) => (i * 13 + (i >> 8)) % 256));
let server: Serving;
let folder: string;
beforeAll(async () => {
  server = await serveTftp({ loader: FILE });
  folder = await mkdtemp(join(tmpdir(), "sextant-lossy-"));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

type Fetch = (port: number, to: string) => [program: string, ...arguments: string[]];
const curl: Fetch = (port, to) => ["curl", "-sS", "--tftp-blksize", "1468", "-o", to, `tftp://127.0.0.1:${port}/loader`];
const atftp: Fetch = (port, to) => [
  "atftp",
  "-g",
  "-r",
  "loader",
  "-l",
  to,
  "--tftp-timeout",
  "1",
  "--option",
  "windowsize 8",
  "127.0.0.1",
  String(port),
];
const busybox: Fetch = (port, to) => ["busybox", "tftp", "-b", "1400", "-g", "-r", "loader", "-l", to, "127.0.0.1", String(port)];

async function fetch(client: Fetch, weather: Weather): Promise<{ repeats: number; repeated: number }> {
  const proxy = await lossyProxy(server.port, weather);
  const to = join(folder, `${client.name}-${weather.seed}`);
  server.entries.length = 0;
  try {
    const [program, ...rest] = client(proxy.port, to);
    await promisify(execFile)(program, rest, { timeout: 40_000 });
    expect((await readFile(to)).equals(FILE)).toBe(true);
    await expect.poll(() => server.lines().join()).toContain("sent loader");
    const repeats = server.lines().map((line) => Number(/, (\d+) sent again/.exec(line)?.[1] ?? 0));
    return { repeats: Math.max(0, ...repeats), repeated: proxy.counts.repeated };
  } finally {
    proxy.close();
  }
}

test.each([
  { client: curl, weather: { lost: 0.02, seed: 11 } },
  { client: curl, weather: { late: 0.1, seed: 2 } },
  { client: atftp, weather: { lost: 0.02, seed: 3 } },
  { client: atftp, weather: { late: 0.1, repeated: 0.05, seed: 4 } },
  { client: busybox, weather: { lost: 0.02, repeated: 0.02, late: 0.02, seed: 5 } },
])("$client.name gets the whole file in weather $weather", async ({ client, weather }) => {
  await fetch(client, weather);
});

/** Without options: curl 7.88 begins again at block 0 when an OACK comes twice, whatever the server does. */
const plainCurl: Fetch = (port, to) => ["curl", "-sS", "--tftp-no-options", "-o", to, `tftp://127.0.0.1:${port}/loader`];

test.each([{ client: plainCurl }, { client: busybox }])(
  "with every third packet repeated, $client.name is sent no block twice",
  async ({ client }) => {
    const { repeats, repeated } = await fetch(client, { repeated: 0.33, seed: 6 });
    expect(repeated).toBeGreaterThan(20);
    expect(repeats).toBe(0);
  },
);

const WEATHERS: readonly Weather[] = [
  { lost: 0.01, seed: 21 },
  { lost: 0.1, seed: 22 },
  { late: 0.1, seed: 23 },
  { repeated: 0.3, seed: 24 },
  { lost: 0.05, repeated: 0.05, late: 0.05, seed: 25 },
];

test.each(WEATHERS)("every window gets the whole file in weather %o", async (weather) => {
  const proxy = await lossyProxy(server.port, weather);
  try {
    const fetched = await Promise.all(
      [1, 2, 4, 8, 16, 32, 64].map((windowsize) => fetchTftp(proxy.port, "loader", { blksize: 1468, windowsize })),
    );
    expect(fetched.map((bytes) => bytes.equals(FILE))).toEqual(fetched.map(() => true));
    expect(proxy.counts.lost + proxy.counts.late + proxy.counts.repeated).toBeGreaterThan(0);
  } finally {
    proxy.close();
  }
});
