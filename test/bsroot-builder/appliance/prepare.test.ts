/** What a build puts into a bsroot for its server, with a builder of images that is a script. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CONTEXT } from "../../../bsroot-builder/appliance/home.ts";
import type { ServerOptions } from "../../../bsroot-builder/appliance/prepare.ts";
import { pack } from "../../../bsroot-builder/commands/pack.ts";
import { unpack } from "../../../bsroot-builder/commands/unpack.ts";
import { layout } from "../../../cluster/layout.ts";
import { openWorkshop, registryOf, type Workshop } from "../../support/workshop.ts";

const NOTHING = registryOf(() => []);
const SERVER = ["check_server.sh", "start_bootstrapper_container.sh", "start_bootstrapper_service.sh", "sextant-bootstrapper.service"];
let shop: Workshop;
let path: string | undefined;

beforeEach(async () => {
  shop = await openWorkshop();
  path = process.env["PATH"];
  await makeHome();
});
afterEach(async () => {
  process.env["PATH"] = path;
  await shop.close();
});

/** A builder's home in small: sources, and a compiled program that needs a package. */
async function makeHome(): Promise<void> {
  const manifest = { name: "sextant", version: "9.9.9", type: "module", dependencies: { greeting: "1.0.0" } };
  for (const name of ["Dockerfile", ".dockerignore", ...CONTEXT])
    await shop.put(`home/${name.includes(".") || name === "Dockerfile" ? name : `${name}/source.ts`}`, "{}");
  await shop.put("home/package.json", JSON.stringify(manifest));
  await shop.put("home/package-lock.json", '{"packages":{}}');
  await shop.put("home/node_modules/greeting/package.json", '{"name":"greeting","version":"1.0.0","main":"index.js"}');
  await shop.put("home/node_modules/greeting/index.js", 'module.exports = "hello from a package"');
  await shop.put("home/node_modules/tool-of-ours/index.js", "never carried");
  await shop.put("home/dist/bootstrapper/main.js", 'import greeting from "greeting"; console.log(greeting)');
}

/** From now on the only builder of images is a script that says what it is asked, and packs an image of one layer. */
function engine(name: string, body = MAKES): void {
  const folder = shop.path("bin");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh\nPATH=/usr/bin:/bin\necho "$@" >>'${shop.path("asked")}'\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
  process.env["PATH"] = folder;
}
const asked = (): readonly string[] => readFileSync(shop.path("asked"), "utf8").trim().split("\n");

const MAKES = `
case $1 in
  save | push)
    for last; do if [ "\${before-}" = --output ]; then file=$last; fi; before=$last; done
    name=$last
    if [ "$1" = push ]; then name=$2; file=\${3#docker-archive:}; file=\${file%%:*}; fi
    cd "$(mktemp -d)" && mkdir -p usr/share/sextant && echo '{"made":"here"}' >usr/share/sextant/bootstrapper.cdx.json
    tar -cf layer.tar usr && echo '[{"Config":"c.json","RepoTags":["'"$name"'"],"Layers":["layer.tar"]}]' >manifest.json
    tar -cf "$file" layer.tar manifest.json ;;
esac`;

const server = (given: Partial<ServerOptions> = {}): ServerOptions => ({
  way: "image",
  architectures: ["amd64"],
  nodeImage: "registry.example/node:24",
  home: shop.path("home"),
  ...given,
});
const pathsInManifest = async (): Promise<readonly string[]> => (await shop.manifest()).files.map((file) => file.path);

describe("a build for a server with containers", () => {
  test("asks the builder there is, and puts its image where the script looks for it", async () => {
    engine("docker");
    await shop.build(NOTHING, { server: server() });
    expect(await pathsInManifest()).toEqual(expect.arrayContaining([...SERVER, "bootstrapper.tar", "sbom/bootstrapper.cdx.json"]));
    expect(JSON.parse(await shop.read("bsroot/sbom/bootstrapper.cdx.json"))).toEqual({ made: "here" });
    const [works, build, save, remove] = asked();
    expect(works).toMatch(/^version /);
    expect(build).toMatch(
      /^build --build-arg NODE_IMAGE=registry\.example\/node:24 --build-arg VERSION=\S+ --build-arg INPUTS=[0-9a-f]{16} --tag localhost\//,
    );
    expect(save).toMatch(/^save --output \S+\.part localhost\/sextant-bootstrapper:[0-9a-f]{16}$/);
    expect(remove).toMatch(/^rmi localhost/);
  });

  test("builds an image once for all bsroots that share a cache", async () => {
    engine("buildah");
    const options = { server: server(), cache: shop.path("cache") };
    await shop.build(NOTHING, options);
    const before = asked().length;
    await shop.build(NOTHING, { ...options, out: shop.path("second") });
    expect(asked()).toHaveLength(before);
    expect(readdirSync(shop.path("cache/bootstrapper")).sort()).toEqual([
      expect.stringMatching(/^bootstrapper-amd64-[0-9a-f]{16}\.cdx\.json$/),
      expect.stringMatching(/^bootstrapper-amd64-[0-9a-f]{16}\.tar$/),
    ]);
  });

  test("builds it anew on another base, and forgets the old one", async () => {
    engine("buildah");
    const cache = shop.path("cache");
    await shop.build(NOTHING, { server: server(), cache });
    await shop.build(NOTHING, { server: server({ nodeImage: "registry.example/node:24.1" }), cache });
    expect(asked().filter((line) => line.startsWith("bud"))).toHaveLength(2);
    expect(readdirSync(shop.path("cache/bootstrapper"))).toHaveLength(2);
  });

  test("passes over a docker whose service does not run", async () => {
    engine("docker", "exit 1");
    engine("podman");
    await shop.build(NOTHING, { server: server() });
    expect(asked()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^build --format docker /), expect.stringMatching(/^save --format docker-archive /)]),
    );
  });

  test("that is for another architecture says so to the builder, and has an archive of its own", async () => {
    engine("podman");
    await shop.build(NOTHING, { server: server({ architectures: ["arm64"] }) });
    expect(asked()).toEqual(expect.arrayContaining([expect.stringMatching(/^build .*--platform linux\/arm64/)]));
    expect(await pathsInManifest()).toContain("bootstrapper-arm64.tar");
  });

  test("fails with the builder's last words, and leaves nothing half-written", async () => {
    engine("buildah", 'if [ "$1" = bud ]; then echo "STEP 3: no such image"; exit 125; fi');
    const [problem] = await shop.failures(NOTHING, { server: server(), cache: shop.path("cache") });
    expect(problem).toMatch(
      /^the bootstrapper's image: buildah bud failed:\n {2}STEP 3: no such image\n {2}Without it: build with --bootstrapper program/,
    );
    expect(readdirSync(shop.path("cache/bootstrapper"))).toEqual([]);
  });

  test("without the network uses what was built before, and nothing else", async () => {
    engine("buildah");
    const cache = shop.path("cache");
    expect(await shop.failures(NOTHING, { server: server(), cache, offline: true })).toEqual([
      expect.stringMatching(/image for amd64 is not in the cache, and --offline forbids to build it/),
    ]);
    await shop.build(NOTHING, { server: server(), cache });
    await shop.build(NOTHING, { server: server(), cache, offline: true });
    expect(asked().filter((line) => line.startsWith("bud"))).toHaveLength(1);
  });
});

describe("where nothing builds images", () => {
  beforeEach(() => {
    mkdirSync(shop.path("bin"));
    process.env["PATH"] = shop.path("bin");
  });

  test("a build goes on without one, and says how the server starts then", async () => {
    const { warnings } = await shop.build(NOTHING, { server: server({ way: "auto" }) });
    expect(warnings).toEqual([expect.stringMatching(/neither docker, buildah nor podman works here.*start_bootstrapper_service\.sh/)]);
    expect(await pathsInManifest()).toEqual(expect.arrayContaining([...SERVER, layout.server.program]));
  });

  test("a build that was told to make one fails", async () => {
    expect(await shop.failures(NOTHING, { server: server() })).toEqual([expect.stringContaining("install one of them")]);
  });
});

test("what an earlier build put there for the server goes when it is not wanted any more", async () => {
  await shop.build(NOTHING, { server: server({ way: "program" }) });
  await shop.build(NOTHING, { server: server({ way: "none" }) });
  expect(readdirSync(shop.path("bsroot"))).not.toEqual(expect.arrayContaining(SERVER));
  expect(await pathsInManifest()).not.toContain(layout.server.program);
});

describe("the program for a server that has node", () => {
  test("runs from its archive, which holds what it needs and nothing else", async () => {
    await shop.build(NOTHING, { server: server({ way: "program" }) });
    mkdirSync(shop.path("program"));
    execFileSync("tar", ["-xzf", shop.path("bsroot", layout.server.program), "-C", shop.path("program")]);
    expect(execFileSync(process.execPath, [shop.path("program/dist/bootstrapper/main.js")], { encoding: "utf8" })).toBe(
      "hello from a package\n",
    );
    expect(readdirSync(shop.path("program")).sort()).toEqual(["dist", "node_modules", "package.json"]);
    expect(readdirSync(shop.path("program/node_modules"))).toEqual(["greeting"]);
  });

  test("is the same archive whenever it is the same program", async () => {
    await shop.build(NOTHING, { server: server({ way: "program" }) });
    const first = readFileSync(shop.path("bsroot", layout.server.program));
    await makeHome();
    await shop.build(NOTHING, { server: server({ way: "program" }) });
    expect(readFileSync(shop.path("bsroot", layout.server.program)).equals(first)).toBe(true);
  });

  test("says for which servers its native part is missing", async () => {
    await shop.put(
      "home/node_modules/greeting/package.json",
      '{"name":"greeting","version":"1.0.0","optionalDependencies":{"@koromix/koffi-linux-x64":"*"}}',
    );
    await shop.put("home/node_modules/@koromix/koffi-linux-x64/package.json", '{"name":"@koromix/koffi-linux-x64","version":"1.0.0"}');
    const { warnings } = await shop.build(NOTHING, { server: server({ way: "program", architectures: ["amd64", "arm64"] }) });
    expect(warnings).toEqual([
      "bootstrapper-program.tar.gz has koffi for linux-x64 only: without a container it serves more slowly on linux-arm64; build on such a computer",
    ]);
  });

  test("is not carried when it is older than its sources", async () => {
    const later = new Date(Date.now() + 60_000);
    utimesSync(shop.path("home/cluster/source.ts"), later, later);
    expect(await shop.failures(NOTHING, { server: server({ way: "program" }) })).toEqual([
      expect.stringMatching(/dist: is older than cluster\/source\.ts; compile the programs first \(npm run build in /),
    ]);
  });
});

test("carried in a bundle, the scripts can be run on the other side", async () => {
  await shop.build(NOTHING, { server: server({ way: "program" }) });
  const { bundle } = await pack(shop.path("bsroot"), { out: shop.path("stick"), split: 1e9 });
  await unpack(bundle, shop.path("there"));
  for (const path of SERVER.slice(0, 3)) expect(statSync(shop.path("there", path)).mode & 0o777).toBe(0o755);
});

test("what the image is made of is what .dockerignore lets through", () => {
  const allowed = readFileSync(".dockerignore", "utf8")
    .split("\n")
    .filter((line) => line.startsWith("!"));
  expect(allowed.map((line) => line.slice(1))).toEqual([...CONTEXT]);
});
