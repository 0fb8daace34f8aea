/** DHCP: leases a second, each from DISCOVER to ACK by a machine that was never seen before, and what one costs when the book is full. */
import { setTimeout as sleep } from "node:timers/promises";
import { toNumber } from "../../cluster/address.ts";
import { CARD, LOAD } from "../lab.ts";
import type { DhcpLoad, DhcpResult } from "../load/dhcp.ts";
import type { Running } from "../processes.ts";
import type { Sample } from "../rows.ts";
import { percentile } from "../statistics.ts";
import type { Bench } from "./bench.ts";

/** Nobody is measured while they are still getting up. */
const WARM_UP: Shape = { clients: 8, machines: 300, seconds: 2, patience: 6 };

type Shape = Pick<DhcpLoad, "clients" | "machines" | "seconds" | "patience">;

/** In this order on one server, which begins with an empty book. */
const CASES: readonly ({ readonly name: string } & Shape)[] = [
  { name: "one at a time", clients: 1, machines: 1000, seconds: 1.5, patience: 4 },
  { name: "64 at once, 5000 scattered MACs", clients: 64, machines: 5000, seconds: 2, patience: 6 },
  { name: "1000 switched on at once", clients: 1000, machines: 1000, seconds: 1, patience: 12 },
  { name: "1000 at once, 5000 scattered MACs", clients: 1000, machines: 5000, seconds: 2, patience: 12 },
];

/** The last few wait for a packet that was lost, a second or more: that belongs into p99, not into the rate. */
const MOST = 0.99;

const BOOKS = [100, 10_000, 100_000];
const PROBE: Shape = { clients: 64, machines: 5000, seconds: 1.5, patience: 6 };
const FILL: Omit<Shape, "machines"> = { clients: 256, seconds: 35, patience: 40 };

export async function benchDhcp(bench: Bench): Promise<void> {
  const wanted = CASES.filter(({ name }) => name.includes(bench.match));
  for (let round = 1; wanted.length > 0 && round <= bench.rounds; round++) {
    for (const server of bench.servers) {
      bench.say(`dhcp round ${round}: ${server.name}`);
      const running = await server.start(bench.lab, "dhcp", bench.work);
      await bench.load.carryOut<DhcpResult>(taskOf({ ...WARM_UP, first: 0 }));
      let first = WARM_UP.machines;
      for (const { name, ...shape } of wanted) {
        bench.rows.add({ protocol: "dhcp", name, unit: "leases/s" }, server.name, await measure(bench, running, { ...shape, first }));
        first += shape.machines;
      }
      await running.stop();
    }
  }
  if (!bench.quick || bench.match !== "") await fill(bench);
}

/** dnsmasq, and Kea when it waits for the disk, would need longer than the whole bench may take. */
const FILLABLE = ["sextant", "kea"];

/** Once for each server: what a lease costs while the book grows. Whoever cannot fill it in time is measured no further. */
async function fill(bench: Bench): Promise<void> {
  const wanted = BOOKS.filter((size) => bookName(size).includes(bench.match));
  if (wanted.length === 0) return;
  for (const server of bench.servers.filter(({ name }) => FILLABLE.includes(name))) {
    bench.say(`dhcp, a book that fills: ${server.name}`);
    const running = await server.start(bench.lab, "dhcp", bench.work);
    let first = 0;
    for (const size of wanted) {
      const machines = size - first;
      const filled = await bench.load.carryOut<DhcpResult>(taskOf({ ...FILL, machines, first }));
      if (filled.leases < machines) {
        bench.say(`${server.name}: only ${filled.leases} of ${machines} leases in ${FILL.seconds} s; measured no further`);
        break;
      }
      const sample = await measure(bench, running, { ...PROBE, first: size });
      bench.rows.add({ protocol: "dhcp", name: bookName(size), unit: "leases/s" }, server.name, sample);
      first = size + PROBE.machines;
    }
    await running.stop();
  }
}
const bookName = (size: number): string => `${size.toLocaleString("en")} leases in the book, 64 at once`;

const taskOf = (load: Shape & { first: number }) => ({ do: "dhcp" as const, host: toNumber(LOAD), device: CARD, ...load });

async function measure({ load }: Bench, running: Running, shape: Shape & { first: number }): Promise<Sample> {
  const before = running.cpu();
  const result = await load.carryOut<DhcpResult>(taskOf(shape));
  await sleep(100);
  const { leases, seconds, endings, latencies, twice, failed } = result;
  const most = Math.ceil(leases * MOST);
  const because = twice > 0 ? `${twice} addresses were given twice` : failed > 0 ? `no address within ${shape.patience} s` : undefined;
  return {
    rate: most / (endings[most - 1] ?? Number.NaN),
    cpu: (running.cpu() - before) / leases,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    failed: failed + twice,
    ...(because !== undefined && { because }),
    load: result.cpu / seconds,
  };
}
