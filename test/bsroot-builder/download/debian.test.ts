/** A Debian archive, built from a mirror that has what an installation needs and more, signed with a key that the test has. */
import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { closedWorld } from "../../../bsroot-builder/commands/closed-world.ts";
import type { Registry } from "../../../bsroot-builder/gather.ts";
import { archiveIndex } from "../../../templates/os/debian/archive.ts";
import { type Debian, SUITES } from "../../../templates/os/debian/suites.ts";
import { osTarget } from "../../../templates/registry.ts";
import { newSigner, type Signer } from "../../support/signing.ts";
import { description, openWorkshop, type Workshop } from "../../support/workshop.ts";
import { DEBIAN_DEBS } from "../../templates/os/debian/needed.ts";
import {
  archive,
  type Contents,
  contentOf,
  type Deb,
  type Files,
  pathOf,
  sha256,
  signed,
} from "../../templates/os/debian/sample-archive.ts";

const TOP = "html/static/debian/trixie-amd64/";
const UNNEEDED: Deb = { Package: "0ad" };
const CURL: Deb = { Package: "curl", Depends: "libcurl4 (>= 1)" };
const DEBS = [...DEBIAN_DEBS.filter(({ Package }) => Package !== "curl"), CURL, { Package: "libcurl4" }, UNNEEDED];

let shop: Workshop;
let signer: Signer;
beforeEach(async () => {
  shop = await openWorkshop();
  signer = await newSigner();
  await publish();
  await shop.put(
    "cluster-desc.yml",
    description({
      os: '{ target: debian, version: "13" }',
      mirrors: { "https://ftp.debian.org/debian": `${shop.mirror.url}/debian`, "https://ftp-master.debian.org": shop.mirror.url },
    }),
  );
});
afterEach(() => shop.close());

/** The real system, but a key that we have in place of Debian's. */
const registry: Registry = {
  osTarget: (os) => ({
    ...osTarget(os),
    indexes: (os, architecture) => {
      const { codename, signer: of } = SUITES[(os as Debian).version];
      return [archiveIndex(os as Debian, architecture, { codename, signer: { ...of, fingerprint: signer.primary } })];
    },
  }),
  loaderArtifacts: () => [],
};

async function publish(given: Partial<Contents> = {}, change: (files: Record<string, Uint8Array>) => void = () => {}): Promise<void> {
  const files: Record<string, Uint8Array> = { ...(await signed(archive({ codename: "trixie", debs: DEBS, ...given }), signer)) };
  change(files);
  serve(files);
  shop.mirror.put("/keys/archive-key-13.asc", signer.publicKey);
}
function serve(files: Files): void {
  for (const [path, content] of Object.entries(files)) shop.mirror.put(`/debian/${path}`, content);
}
const built = async (): Promise<readonly string[]> =>
  (await shop.manifest()).files.map(({ path }) => path).flatMap((path) => (path.startsWith(TOP) ? [path.slice(TOP.length)] : []));
const words = (text: string): Uint8Array => new TextEncoder().encode(text);

test("has the lists as Debian signed them, the installer, and every package that leads to a node, but no other", async () => {
  await shop.build(registry);
  const paths = await built();
  expect(paths).toEqual(
    expect.arrayContaining(["dists/trixie/Release", "dists/trixie/Release.gpg", pathOf(CURL), pathOf({ Package: "libcurl4" })]),
  );
  expect(paths).not.toContain(pathOf(UNNEEDED));
  expect(await shop.read(`bsroot/${TOP}${pathOf(CURL)}`)).toBe(contentOf(CURL));
  const { artifacts } = await shop.lock();
  expect(artifacts[`${TOP}dists/trixie/Release`]!.verified).toBe(`openpgp ${signer.primary}, moves`);
  expect(artifacts[`${TOP}${pathOf(CURL)}`]).toMatchObject({ sha256: sha256(contentOf(CURL)), verified: "sha256" });
});

describe("is not built", () => {
  test("when Release was changed after it was signed", async () => {
    await publish({}, (files) => {
      files["dists/trixie/Release"] = words(`${new TextDecoder().decode(files["dists/trixie/Release"])}\n`);
    });
    expect(await shop.failures(registry)).toEqual([expect.stringMatching(/Release: .*is not validly signed: the bytes are not the ones/)]);
  });

  test("when somebody else signed it", async () => {
    const other = await newSigner();
    serve(await signed(archive({ codename: "trixie", debs: DEBS }), other));
    expect(await shop.failures(registry)).toEqual([expect.stringMatching(/Release: .*is signed by \w+, not by a key of/)]);
  });

  test("when a list is not the one that Release names", async () => {
    await publish({}, (files) => {
      files["dists/trixie/main/binary-amd64/Packages.gz"] = words("another");
    });
    expect(await shop.failures(registry)).toEqual([expect.stringMatching(/Packages\.gz: .*has (SHA-256|\d+ bytes)/)]);
  });

  test("when a package has other bytes than its list says", async () => {
    await publish({}, (files) => {
      files[pathOf(CURL)] = words(contentOf(CURL).replace("curl", "CURL"));
    });
    expect(await shop.failures(registry)).toEqual([expect.stringMatching(/curl_1_all\.deb: .*has SHA-256/)]);
  });

  test("when a package depends on what the archive lacks", async () => {
    await publish({ debs: DEBS.filter(({ Package }) => Package !== "libcurl4") });
    expect(await shop.failures(registry)).toEqual([
      expect.stringMatching(/Packages\.gz: .*has no libcurl4 \(>= 1\), which curl depends on/),
    ]);
  });
});

describe("a point release", () => {
  const NEWER: Deb = { ...CURL, Version: "2" };
  beforeEach(async () => {
    await shop.build(registry);
    await publish({ debs: DEBS.map((deb) => (deb === CURL ? NEWER : deb)) });
  });

  test("changes nothing by itself: what is pinned stays", async () => {
    const { fetched, removed } = await shop.build(registry, { locked: true });
    expect({ fetched, removed }).toEqual({ fetched: [], removed: [] });
  });

  test("comes in with --update, and what it replaced goes", async () => {
    const { removed } = await shop.build(registry, { update: true });
    expect(await built()).toContain(pathOf(NEWER));
    expect(removed).toContain(`${TOP}${pathOf(CURL)}`);
  });
});

describe("on the closed network", () => {
  const problems = async (): Promise<readonly string[]> => {
    const outcome: unknown = await closedWorld(shop.path("bsroot")).catch((error) => (error as { problems: readonly string[] }).problems);
    return (Array.isArray(outcome) ? (outcome as readonly string[]) : []).filter((line) => !/loader|secret/.test(line));
  };

  test("the installer finds everything that its lists lead to", async () => {
    await shop.build(registry);
    expect(await problems()).toEqual([]);
  });

  test("a package that is gone is found out, by its name", async () => {
    await shop.build(registry);
    const manifest = await shop.manifest();
    await rm(shop.path("bsroot", TOP, pathOf(CURL)));
    await shop.put(
      "bsroot/manifest.json",
      JSON.stringify({ ...manifest, files: manifest.files.filter(({ path }) => !path.endsWith(pathOf(CURL))) }),
    );
    expect(await problems()).toEqual([
      `${TOP}${pathOf(CURL)}: is missing, and ${TOP}dists/trixie/main/binary-amd64/Packages.gz leads to it`,
    ]);
  });
});
