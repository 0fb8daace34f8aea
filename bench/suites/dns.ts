/** DNS: questions a second about names of the cluster, put by dnsperf, and how long an answer takes when there is time. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../vm-cluster/command.ts";
import { openAccount } from "../account.ts";
import { SERVER } from "../lab.ts";
import type { Running } from "../processes.ts";
import type { Sample } from "../rows.ts";
import { percentile } from "../statistics.ts";
import type { Bench } from "./bench.ts";
import { type Asked, readDnsperf, readLatencies } from "./dnsperf.ts";

/** `rate`: questions a second, with a moment for each; absent: as many as are answered. */
const CASES: readonly { readonly name: string; readonly waiting: number; readonly seconds: number; readonly rate?: number }[] = [
  { name: "1000 names, 100 waiting", waiting: 100, seconds: 2.5 },
  { name: "1000 names, 5000 q/s", waiting: 100, seconds: 1, rate: 5000 },
];

export async function benchDns(bench: Bench): Promise<void> {
  const questions = join(bench.lab.folder, "questions");
  const names = bench.work.names.map((_, index, all) => all[(index * 367) % all.length]!.name);
  writeFileSync(questions, names.map((name) => `${name} A\n`).join(""));
  const wanted = CASES.filter(({ name }) => name.includes(bench.match));
  for (let round = 1; round <= bench.rounds; round++) {
    for (const server of bench.servers) {
      bench.say(`dns round ${round}: ${server.name}`);
      const running = await server.start(bench.lab, "dns", bench.work);
      await check(bench);
      await ask(bench, { questions, waiting: 20, seconds: 1 });
      for (const { name, ...how } of wanted) {
        const sample = await measure(bench, running, { questions, ...how });
        bench.rows.add({ protocol: "dns", name, unit: "q/s" }, server.name, sample);
      }
      await running.stop();
    }
  }
}

async function measure(bench: Bench, running: Running, how: How): Promise<Sample> {
  const before = running.cpu();
  const { asked, latencies, cpu } = await ask(bench, how);
  await sleep(100);
  const wrong = asked.sent - asked.good;
  return {
    rate: asked.good / asked.seconds,
    cpu: (running.cpu() - before) / asked.good,
    ...(latencies.length > 0 && { p50: percentile(latencies, 50), p99: percentile(latencies, 99) }),
    failed: wrong,
    ...(wrong > 0 && { because: `${asked.lost} not answered, ${wrong - asked.lost} not with NOERROR` }),
    load: cpu / asked.seconds,
  };
}

interface How {
  readonly questions: string;
  readonly waiting: number;
  readonly seconds: number;
  readonly rate?: number;
}

/** What each question took is told only when they are few: telling takes longer than asking. */
async function ask(
  { lab }: Bench,
  { questions, waiting, seconds, rate }: How,
): Promise<{ asked: Asked; latencies: readonly number[]; cpu: number }> {
  const words = [
    "-f",
    "inet",
    "-s",
    SERVER,
    "-d",
    questions,
    "-l",
    String(seconds),
    "-q",
    String(waiting),
    "-c",
    String(Math.min(waiting, 20)),
    "-T",
    "1",
  ];
  const command = lab.at("load", ["dnsperf", ...words, ...(rate === undefined ? [] : ["-v", "-Q", String(rate)])]);
  const account = openAccount();
  const [program, ...args] = account?.on(command) ?? command;
  try {
    const text = await run(program, args, { timeout: 30_000 });
    const latencies = rate === undefined ? [] : readLatencies(text);
    return { asked: readDnsperf(text), latencies, cpu: account?.seconds() ?? Number.NaN };
  } finally {
    account?.close();
  }
}

/** Speed is nothing if the answers are not right. */
async function check({ load, work }: Bench): Promise<void> {
  const some = work.names.filter((_, index) => index % 100 === 0);
  const names = some.map(({ name }) => name);
  const { addresses } = await load.carryOut<{ addresses: string[] }>({ do: "lookup", server: SERVER, names });
  const wrong = some.find(({ address }, index) => addresses[index] !== address);
  if (wrong) throw new Error(`dns: ${wrong.name} is ${addresses[some.indexOf(wrong)]}, not ${wrong.address}`);
}
