/** Many machines at once: real transfers side by side, and a flood of requests from addresses that do not exist. */
import { expect, test } from "vitest";
import { ack, fetchTftp, read, receiveTftp, serveTftp } from "../../support/tftp.ts";
import { udpProbe } from "../../support/udp-probe.ts";

const MEGABYTE = Buffer.from(Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 31 + (i >> 9)) % 256));

test("200 machines fetch 1 MB at the same time, intact, in bounded memory", async () => {
  const server = await serveTftp({ "snponly-amd64.efi": MEGABYTE }, { limits: { each: 200 } });
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 20);
  const intact = await Promise.all(
    Array.from({ length: 200 }, async () => {
      let [at, same] = [0, true];
      await receiveTftp(server.port, read("snponly-amd64.efi", { blksize: 1468, windowsize: 8 }), (data) => {
        same &&= MEGABYTE.subarray(at, at + data.length).equals(data);
        at += data.length;
      });
      return same && at === MEGABYTE.length;
    }),
  );
  clearInterval(watch);
  expect(intact.filter(Boolean)).toHaveLength(200);
  // On a busy host a client may ask twice, and then one transfer more is told of.
  await expect.poll(() => server.lines().filter((line) => line.includes("sent snponly")).length).toBeGreaterThanOrEqual(200);
  await server.close();
  expect(most).toBeLessThan(160e6); // one copy of the file and the datagrams on their way; 200 copies would be twice that
});

test("1000 machines that ask in the same instant are all served, from a few ports", async () => {
  const file = MEGABYTE.subarray(0, 5000);
  const server = await serveTftp({ "undionly.kpxe": file });
  const ports = new Set<number>();
  const fetched = await Promise.all(
    Array.from({ length: 1000 }, async () => {
      const parts: Uint8Array[] = [];
      await receiveTftp(server.port, read("undionly.kpxe", { blksize: 1468, tsize: 0 }), (data, port) => {
        parts.push(Uint8Array.from(data));
        ports.add(port);
      });
      return Buffer.concat(parts);
    }),
  );
  expect(fetched.filter((got) => got.equals(file))).toHaveLength(1000);
  expect(ports.size).toBeLessThanOrEqual(4);
  await server.close();
});

test("10,000 requests from forged addresses take neither memory nor the places of real machines", async () => {
  const server = await serveTftp({ loader: MEGABYTE }, { limits: { all: 256, each: 256 } });
  const forged = await Promise.all(Array.from({ length: 100 }, () => udpProbe()));
  const flood = (async () => {
    for (let round = 0; round < 100; round++) {
      for (const each of forged) each.send(read(`loader`, { tsize: 0, x: round }), server.port);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  expect((await fetchTftp(server.port, "loader", { blksize: 1468 })).equals(MEGABYTE)).toBe(true);
  await flood;
  const answers = (await Promise.all(forged.map((each) => each.hear(300)))).flat();
  const bytes = answers.reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(bytes).toBeLessThan(10_000 * read("loader", { tsize: 0 }).length);
  expect(server.entries.length).toBeLessThan(40);
  expect((await fetchTftp(server.port, "loader", { blksize: 1468 })).equals(MEGABYTE)).toBe(true);
  for (const each of forged) each.close();
  await server.close();
});

test("a machine that answered keeps its place while forged requests come and go", async () => {
  const server = await serveTftp({ loader: MEGABYTE }, { limits: { all: 2, each: 2 } });
  const [slow, forged, other] = [await udpProbe(), await udpProbe(), await udpProbe()];
  slow.send(read("loader", { tsize: 0 }), server.port);
  const { port } = await slow.next();
  slow.send(ack(0), port);
  await slow.next();
  forged.send(read("loader", { tsize: 0 }), server.port);
  await forged.next();
  other.send(read("loader", { tsize: 0 }), server.port);
  await other.next();
  slow.send(ack(1), port);
  expect((await slow.next()).port).toBe(port);
  for (const each of [slow, forged, other]) each.close();
  await server.close();
});
