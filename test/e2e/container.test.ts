/** The way of a bootstrapper to its server: built from the repository's own Dockerfile, carried in a bsroot, started by the script that lies in it. */
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ipv4 } from "../../cluster/address.ts";
import { layout } from "../../cluster/layout.ts";
import { run } from "../../vm-cluster/command.ts";
import { RackState } from "../../vm-cluster/rack-state.ts";
import { asRegistry, makeImage } from "../support/container-image.ts";
import { startNpmRegistry } from "../support/npm-registry.ts";
import { description, openWorkshop, registryOf, type Workshop } from "../support/workshop.ts";
import { attempt, BASE, type Client, confined, containerTools, type Ended, importBase, type Told, takeLease } from "./container-lab.ts";

const SERVER = ipv4("10.77.0.1");
const CP = "52:54:00:00:00:11";
const DYNAMIC = "52:54:00:00:00:12";
const state = new RackState("container");
const tools = containerTools(join(state.folder, "tools"));
let shop: Workshop;
let bsroot: string;
let client: Client;

const tried = (command: readonly [string, ...string[]]): Promise<Ended> => attempt(command, tools);
/** The script, on the server. */
const script = (...args: string[]): Promise<Ended> =>
  tried(
    confined(state.network.name, [join(bsroot, layout.server.startContainer), bsroot, "--state", join(state.folder, "state"), ...args]),
  );
const podman = (...args: string[]): Promise<Ended> => tried(confined(state.network.name, ["podman", ...args]));

beforeAll(async () => {
  await state.clear();
  mkdirSync(state.folder, { recursive: true });
  Object.assign(tools, containerTools(join(state.folder, "tools")));
  await importBase(tools);
  await state.network.create(SERVER, 24);
  const { inside } = await state.network.addHost("client", ipv4("10.77.0.250"), 24);
  client = (...command) => {
    const [program, ...args] = inside(command);
    return run(program, args, { timeout: 60_000 });
  };

  shop = await openWorkshop();
  bsroot = shop.path("bsroot");
  const digest = makeImage(shop.path("greeting"), "greeting");
  asRegistry(shop.path("greeting"), shop.path("origin"), "greeting", "1", digest);
  const machines = [`{ mac: "${CP}", name: cp-1, address: 10.77.0.11, roles: [control-plane] }`, `{ mac: "${DYNAMIC}", name: worker-1 }`];
  const mirrors = { "https://registry.example": `file://${shop.path("origin")}` };
  await shop.put("cluster-desc.yml", description({ machines, images: ["registry.example/greeting:1"], mirrors }));
  await shop.put("loader", "a loader");
  await shop.put("kernel", "a kernel ".repeat(1000));
  const artifacts = registryOf(() => [
    { path: `${layout.tftp}/undionly.kpxe`, url: `file://${shop.path("loader")}`, verify: { by: "first-use" } },
    { path: `${layout.static}/kernel`, url: `file://${shop.path("kernel")}`, verify: { by: "first-use" } },
  ]);
  const npm = await startNpmRegistry();
  const before = { ...process.env };
  Object.assign(process.env, tools);
  try {
    const server = { way: "image", architectures: ["amd64"], nodeImage: BASE, npmRegistry: npm.url } as const;
    await shop.build(artifacts, { server });
  } finally {
    process.env = before;
    await npm.close();
  }
  chmodSync(shop.folder, 0o755);
});

afterAll(async () => {
  await script("--stop");
  await shop?.close();
  await state.clear();
});

const lease = (mac: string): Promise<Told> => takeLease(client, state.network.card, mac, state.folder);

test("the bsroot holds the image, both ways to start it and what it is made of, and the manifest vouches for them", async () => {
  const { files } = await shop.manifest();
  expect(files.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      "bootstrapper.tar",
      "bootstrapper-program.tar.gz",
      "check_server.sh",
      "sbom/bootstrapper.cdx.json",
      "sbom/bootstrapper-program.cdx.json",
      "sextant-bootstrapper.service",
      "start_bootstrapper_container.sh",
      "start_bootstrapper_service.sh",
    ]),
  );
  expect(statSync(join(bsroot, "start_bootstrapper_container.sh")).mode & 0o777).toBe(0o755);
  const bill = JSON.parse(readFileSync(join(bsroot, "sbom/bootstrapper.cdx.json"), "utf8"));
  const names = (bill.components as { purl: string }[]).map(({ purl }) => purl.replace(/@[^@]*$/, ""));
  expect(names).toEqual(
    expect.arrayContaining(["pkg:npm/koa", "pkg:npm/koffi", "pkg:deb/debian/chrony", "pkg:deb/debian/docker-registry", "pkg:generic/node"]),
  );
});

test("the image is what others expect of one: a docker-archive with labels, a health check and an ordinary user", async () => {
  const inspected = JSON.parse(await run("skopeo", ["inspect", "--config", "--raw", `docker-archive:${join(bsroot, "bootstrapper.tar")}`]));
  expect(inspected.config).toMatchObject({
    User: "65532:65532",
    Entrypoint: ["node", "dist/bootstrapper/main.js"],
    Healthcheck: { Test: expect.arrayContaining(["CMD", "node"]) },
    Labels: { "org.opencontainers.image.title": "Sextant bootstrapper", "org.opencontainers.image.licenses": "Apache-2.0" },
  });
});

describe("the script refuses to start", () => {
  test("where no interface has the bootstrapper's address, and says what to do", async () => {
    const { code, words } = await tried(["unshare", "--net", join(bsroot, layout.server.startContainer), "--engine", "podman"]);
    expect(words).toContain("no interface of this server has 10.77.0.1");
    expect(words).toContain("ip address add 10.77.0.1/24 dev INTERFACE");
    expect(code).toBe(1);
  });

  test("where somebody has one of the ports, whom it names", async () => {
    const socat = state.start("squatter", state.network.inside(["socat", "UDP4-RECVFROM:69,fork", "/dev/null"]), join(state.folder, "log"));
    await expect.poll(async () => (await script()).words).toMatch(new RegExp(`port 69/udp is held by socat \\(process ${socat.pid}\\)`));
    process.kill(socat.pid);
  });

  test("an image that is not the manifest's", async () => {
    const broken = shop.path("broken");
    cpSync(bsroot, broken, { recursive: true });
    writeFileSync(join(broken, "bootstrapper.tar"), "something else");
    const { code, words } = await tried(confined(state.network.name, [join(broken, layout.server.startContainer)]));
    expect(words).toContain(`${broken}/bootstrapper.tar is not what manifest.json says; copy the bsroot here again, whole`);
    expect(code).toBe(1);
  });

  test("another bsroot than its own", async () => {
    expect(await tried([join(bsroot, layout.server.startContainer), "/etc"])).toMatchObject({ code: 2 });
  });
});

test("a dry run shows every command and changes nothing", async () => {
  const { code, words } = await script("--dry-run");
  expect(words).toMatch(/\+ podman load --input .*bootstrapper\.tar\n/);
  expect(words).toMatch(/\+ podman run .*--read-only .*--cap-drop ALL --cap-add NET_BIND_SERVICE --cap-add NET_RAW/);
  expect(words).toContain("Nothing was changed.");
  expect(code).toBe(0);
  expect(existsSync(join(state.folder, "state"))).toBe(false);
});

describe("started", () => {
  let dynamic: string;

  test("it serves, with two capabilities, as an ordinary user, on a root that nobody can write to", async () => {
    const { code, words } = await script();
    expect(words).toContain("The bootstrapper serves.");
    expect(words).toMatch(/time: serving/);
    expect(words).toMatch(/registry: serving container images at 10\.77\.0\.1:5000/);
    expect(code).toBe(0);
    const inside = async (...command: string[]) => (await podman("exec", "sextant-bootstrapper", ...command)).words.trim();
    expect(await inside("id", "-u")).toBe("65532");
    expect(await inside("touch", "/app/x")).toMatch(/Read-only file system/);
    const status = await inside("cat", "/proc/1/status");
    expect(status).toMatch(/^CapEff:\t0000000000002400$/m); // CAP_NET_BIND_SERVICE (10) and CAP_NET_RAW (13)
    expect(status).toMatch(/^CapBnd:\t0000000000002400$/m);
  });

  test("machines get addresses and a loader", async () => {
    expect(await lease(CP)).toMatchObject({ ip: "10.77.0.11", dns: "10.77.0.1" });
    dynamic = (await lease(DYNAMIC)).ip!;
    expect(dynamic).toMatch(/^10\.77\.0\.1\d\d$/);
    expect(await client("curl", "-sSf", "--max-time", "10", "tftp://10.77.0.1/undionly.kpxe")).toBe("a loader");
  });

  test("names, files and container images are served", async () => {
    expect(await client("dig", "@10.77.0.1", "cp-1.demo.lan", "+short")).toBe("10.77.0.11\n");
    expect(await client("curl", "-sSf", "http://10.77.0.1/static/kernel")).toBe("a kernel ".repeat(1000));
    const trust = shop.path("trust");
    mkdirSync(trust, { recursive: true });
    cpSync(join(bsroot, layout.tls.ca), join(trust, "ca.crt"));
    const image = "docker://10.77.0.1:5000/registry.example/greeting:1";
    expect(JSON.parse(await client("skopeo", "inspect", "--cert-dir", trust, image))).toMatchObject({ Architecture: "amd64" });
  });

  test("it says how it does", async () => {
    const { code, words } = await script("--status");
    expect(words).toMatch(/^sextant-bootstrapper: running, since /);
    expect(words).toMatch(/dhcp: /);
    expect(code).toBe(0);
  });

  test("killed and started again it knows its leases", async () => {
    await podman("kill", "--signal", "KILL", "sextant-bootstrapper");
    const { code, words } = await script();
    expect(words).toContain("is loaded already");
    expect(code).toBe(0);
    expect((await lease(DYNAMIC)).ip).toBe(dynamic);
    const { words: leases } = await podman("exec", "sextant-bootstrapper", "node", "dist/bootstrapper/main.js", "leases");
    expect(leases).toContain(dynamic);
  });

  test("run while it runs, the script replaces it", async () => {
    const id = async () => (await podman("container", "inspect", "--format", "{{.Id}}", "sextant-bootstrapper")).words;
    const before = await id();
    expect(await script()).toMatchObject({ code: 0 });
    expect(await id()).not.toBe(before);
  });

  test("it stops, and leaves its state", async () => {
    expect(await script("--stop")).toMatchObject({ code: 0 });
    expect(await script("--status")).toMatchObject({ code: 1, words: expect.stringContaining("does not run here") });
    expect(existsSync(join(state.folder, "state"))).toBe(true);
  });
});

test("without containers, the program from the same bsroot serves with node alone, confined as the unit confines it", async () => {
  const program = shop.path("program");
  const home = shop.path("plain-state");
  for (const folder of [program, home]) mkdirSync(folder);
  await run("tar", ["-xzf", join(bsroot, layout.server.program), "-C", program, "--no-same-owner"]);
  await run("chown", ["65532:65532", home]);
  cpSync(process.execPath, shop.path("node"));
  const unit = readFileSync(join(bsroot, layout.server.unit), "utf8");
  const powers = `-all,${/^CapabilityBoundingSet=(.*)$/m.exec(unit)![1]!.toLowerCase().replace(/cap_/g, "+").replace(/ /g, ",")}`;
  const whom = ["--reuid", "65532", "--regid", "65532", "--clear-groups", "--no-new-privs"];
  const may = [`--inh-caps=${powers}`, `--ambient-caps=${powers}`, `--bounding-set=${powers}`];
  const serve = [shop.path("node"), join(program, "dist/bootstrapper/main.js"), "serve", "--bsroot", bsroot, "--state", home];
  const log = join(state.folder, "plain.log");
  const child = state.start("plain", state.network.inside(["setpriv", ...whom, ...may, ...serve]), log);
  await expect
    .poll(() => client("curl", "-sS", "http://10.77.0.1/healthz").catch(() => readFileSync(log, "utf8")), { timeout: 30_000 })
    .toMatch(/^ok\n/);
  expect(await client("dig", "@10.77.0.1", "cp-1.demo.lan", "+short")).toBe("10.77.0.11\n");
  expect((await lease(CP)).ip).toBe("10.77.0.11");
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  expect(status).toMatch(/^CapEff:\t0000000000002400$/m);
  expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
});
