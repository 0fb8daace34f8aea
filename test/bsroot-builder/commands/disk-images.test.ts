/** Systems whose disk image is written, built from a mirror that has what their projects publish, in the same places and formats. */
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { closedWorld } from "../../../bsroot-builder/commands/closed-world.ts";
import { Failure } from "../../../bsroot-builder/commands/failure.ts";
import type { Registry } from "../../../bsroot-builder/gather.ts";
import { osTarget } from "../../../templates/registry.ts";
import { newSigner, type Signer } from "../../support/signing.ts";
import { description, openWorkshop, type Workshop } from "../../support/workshop.ts";

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

let shop: Workshop;
let signer: Signer;
beforeEach(async () => {
  shop = await openWorkshop();
  signer = await newSigner();
});
afterEach(() => shop.close());

/** The real systems, but a key that we have in place of their projects'. */
const systems: Registry = {
  osTarget: (os) => {
    const target = osTarget(os);
    return {
      ...target,
      artifacts: (...of) =>
        target
          .artifacts(...of)
          .map((artifact) =>
            artifact.verify.by === "openpgp" ? { ...artifact, verify: { ...artifact.verify, fingerprint: signer.primary } } : artifact,
          ),
    };
  },
  loaderArtifacts: () => [],
};

/** What a machine would miss on a closed network, but for loaders, which this registry has none of. */
async function missing(): Promise<readonly string[]> {
  const outcome: unknown = await closedWorld(shop.path("bsroot")).catch((error) => error);
  if (!(outcome instanceof Failure)) throw outcome;
  return outcome.problems.filter((problem) => !problem.includes("its loader"));
}

const describeWith = (os: string, sites: readonly string[]) =>
  shop.put("cluster-desc.yml", description({ os, mirrors: Object.fromEntries(sites.map((site) => [site, shop.mirror.url])) }));

describe("Fedora CoreOS", () => {
  const BUILDS = "https://builds.coreos.fedoraproject.org";
  const NAMES = ["live-kernel.x86_64", "live-initramfs.x86_64.img", "live-rootfs.x86_64.img", "metal.x86_64.raw.xz"];
  const place = (version: string, name: string) => `/prod/streams/next/builds/${version}/x86_64/fedora-coreos-${version}-${name}`;

  async function publish(version: string): Promise<void> {
    const published = { release: version, formats: {} };
    shop.mirror.put(
      "/streams/next.json",
      JSON.stringify({ stream: "next", architectures: { x86_64: { artifacts: { metal: published } } } }),
    );
    const files = NAMES.map((name) => ({ location: `${BUILDS}${place(version, name)}`, sha256: hashOf(`${version} ${name}`) }));
    const release = { release: version, stream: "next", architectures: { x86_64: { media: { metal: { artifacts: { files } } } } } };
    shop.mirror.put(`/prod/streams/next/builds/${version}/release.json`, JSON.stringify(release));
    for (const name of NAMES) {
      shop.mirror.put(place(version, name), `${version} ${name}`);
      shop.mirror.put(`${place(version, name)}.sig`, await signer.sign(Buffer.from(`${version} ${name}`)));
    }
    shop.mirror.put("/fedora.pgp", signer.publicKey);
  }
  beforeEach(() => describeWith("{ target: fedora-coreos, stream: next }", [BUILDS, "https://fedoraproject.org"]));

  test("is built at the release its stream is at, which the lock then keeps", async () => {
    await publish("44.20260817.1.2");
    expect((await shop.build(systems)).fetched).toHaveLength(4);
    expect(await missing()).toEqual([]);
    await publish("45.20261101.1.0");
    expect((await shop.build(systems)).fetched).toEqual([]);
    const { versions, artifacts } = await shop.lock();
    expect(versions).toEqual({ "fedora-coreos/next/amd64": "44.20260817.1.2" });
    expect(Object.values(artifacts).map(({ verified }) => verified)).toEqual(Array(4).fill(`openpgp ${signer.primary}`));
    const updated = await shop.build(systems, { update: true });
    expect(updated.fetched.every((path) => path.includes("/45.20261101.1.0/"))).toBe(true);
  });

  test("is refused when a file is not the one that was signed", async () => {
    await publish("44.20260817.1.2");
    shop.mirror.put(place("44.20260817.1.2", NAMES[3]!), "another image");
    const problems = await shop.failures(systems);
    expect(problems).toEqual([expect.stringMatching(/metal\.x86_64\.raw\.xz: .*the bytes are not the ones that were signed/)]);
  });

  test("is refused when a file is signed, but of another release", async () => {
    await publish("44.20260817.1.2");
    const old = "44.20260101.1.0 metal.x86_64.raw.xz";
    shop.mirror.put(place("44.20260817.1.2", NAMES[3]!), old);
    shop.mirror.put(`${place("44.20260817.1.2", NAMES[3]!)}.sig`, await signer.sign(Buffer.from(old)));
    const problems = await shop.failures(systems);
    expect(problems).toEqual([expect.stringMatching(/metal\.x86_64\.raw\.xz: .*hashes to [0-9a-f]{64}, but .*release\.json says/)]);
  });

  test("of a Fedora whose key is not known is held against the hashes of its release", async () => {
    await publish("99.20990101.1.0");
    await shop.build(systems);
    const released = `sums ${BUILDS}/prod/streams/next/builds/99.20990101.1.0/release.json`;
    expect(Object.values((await shop.lock()).artifacts).map(({ verified }) => verified)).toEqual(Array(4).fill(released));
  });

  test("is refused when a file is not the one its release names", async () => {
    await publish("99.20990101.1.0");
    shop.mirror.put(place("99.20990101.1.0", NAMES[0]!), "another kernel");
    const problems = await shop.failures(systems);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("live-kernel.x86_64");
    expect(problems[0]).toContain(hashOf("another kernel"));
  });
});

describe("Flatcar", () => {
  const SITES = ["https://stable.release.flatcar-linux.net", "https://update.release.flatcar-linux.net", "https://www.flatcar.org"];
  const SIGNED = ["pxe.vmlinuz", "pxe_image.cpio.gz", "image.bin.bz2", "image.bin.bz2.DIGESTS"].map((end) => `flatcar_production_${end}`);
  const UPDATE = "/amd64-usr/4593.2.5/flatcar_production_update.gz";
  const ZFS = "the zfs extension";

  beforeEach(async () => {
    const extension = `{ name: zfs, url: "https://extensions.example/zfs.raw", sha256: ${hashOf(ZFS)} }`;
    await describeWith(`{ target: flatcar, version: 4593.2.5, updates: true, extensions: [${extension}] }`, [
      ...SITES,
      "https://extensions.example",
    ]);
    for (const name of SIGNED) {
      shop.mirror.put(`/amd64-usr/4593.2.5/${name}`, name);
      shop.mirror.put(`/amd64-usr/4593.2.5/${name}.sig`, await signer.sign(Buffer.from(name)));
    }
    shop.mirror.put("/amd64-usr/4593.2.5/version.txt", "FLATCAR_VERSION=4593.2.5\n");
    shop.mirror.put(UPDATE, "the update");
    shop.mirror.put(`${UPDATE}.sha256`, `${hashOf("the update")}  flatcar_production_update.gz\n`);
    shop.mirror.put("/zfs.raw", ZFS);
    shop.mirror.put("/security/image-signing-key/Flatcar_Image_Signing_Key.asc", signer.publicKey);
  });

  test("is built with its signatures, hashes, the update and the extension", async () => {
    const { fetched } = await shop.build(systems);
    const [folder, extension] = [
      "html/static/flatcar/amd64-usr/4593.2.5",
      `html/static/flatcar/extensions/${hashOf(ZFS).slice(0, 16)}/zfs.raw`,
    ];
    const names = [
      ...SIGNED,
      ...SIGNED.map((name) => `${name}.sig`),
      "version.txt",
      "flatcar_production_update.gz",
      "flatcar_production_update.gz.sha256",
    ];
    expect([...fetched].sort()).toEqual([...names.map((name) => `${folder}/${name}`), extension].sort());
    expect((await shop.lock()).artifacts[extension]?.verified).toBe("sha256");
    expect(await missing()).toEqual([]);
  });

  test.each([
    { wrong: "the update", path: UPDATE, says: "flatcar_production_update.gz" },
    { wrong: "the extension", path: "/zfs.raw", says: "zfs.raw" },
    { wrong: "the image's hashes", path: "/amd64-usr/4593.2.5/flatcar_production_image.bin.bz2.DIGESTS", says: "DIGESTS" },
  ])("is refused when $wrong is not what it must be", async ({ path, says }) => {
    shop.mirror.put(path, "something else");
    const problems = await shop.failures(systems);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(says);
  });
});
