import { describe, expect, test } from "vitest";
import type { Os } from "../../../cluster/cluster.ts";
import { nodePlan, osTarget } from "../../../templates/registry.ts";
import { resolved } from "../resolved.ts";
import { context, FEDORA_COREOS, facts } from "../sample.ts";
import { pathsIn, textIn, unitsIn, validate } from "./ignition.ts";

type FedoraCoreOs = Extract<Os, { target: "fedora-coreos" }>;

const fcos = (given: Partial<FedoraCoreOs>): FedoraCoreOs => ({ ...(FEDORA_COREOS as FedoraCoreOs), ...given });
const target = osTarget(FEDORA_COREOS);
const config = (ntp = true): string => {
  const given = context({ os: FEDORA_COREOS });
  const { network } = given.cluster;
  return target.config(resolved(nodePlan({ ...given, cluster: { ...given.cluster, network: { ...network, ntp } } }))).body;
};

describe("the files of Fedora CoreOS", () => {
  test("are the three of the live system and the disk image, where Fedora has them", () => {
    expect(target.artifacts(fcos({ stream: "next" }), "arm64").map(({ path, url }) => [path, url])).toEqual(
      ["live-kernel.aarch64", "live-initramfs.aarch64.img", "live-rootfs.aarch64.img", "metal.aarch64.raw.xz"].map((end) => {
        const name = `fedora-coreos-44.20260817.3.2-${end}`;
        return [
          `html/static/fedora-coreos/next/44.20260817.3.2/aarch64/${name}`,
          `https://builds.coreos.fedoraproject.org/prod/streams/next/builds/44.20260817.3.2/aarch64/${name}`,
        ];
      }),
    );
  });

  test("are signed by the key of the Fedora they are made of", () => {
    const base = "https://builds.coreos.fedoraproject.org/prod/streams/stable/builds";
    const [kernel] = target.artifacts(fcos({ version: "45.20261101.3.0" }), "amd64");
    expect(kernel!.verify).toEqual({
      by: "openpgp",
      signature: `${base}/45.20261101.3.0/x86_64/fedora-coreos-45.20261101.3.0-live-kernel.x86_64.sig`,
      key: "https://fedoraproject.org/fedora.pgp",
      fingerprint: "4F50A6114CD5C6976A7F1179655A4B02F577861E",
      sums: `${base}/45.20261101.3.0/release.json`,
    });
    const fingerprints = ["43", "44", "45", "46"].map((fedora) => {
      const { verify } = target.artifacts(fcos({ version: `${fedora}.20260817.3.2` }), "amd64")[0]!;
      return verify.by === "openpgp" && verify.fingerprint;
    });
    expect(new Set(fingerprints).size).toBe(4);
  });

  test.each(["42.20250914.3.0", "99.20990101.3.0"])("of %s, whose key is not known, are held against the release's own list", (version) => {
    for (const { verify } of target.artifacts(fcos({ version }), "amd64")) {
      expect(verify).toEqual({
        by: "sums",
        sums: `https://builds.coreos.fedoraproject.org/prod/streams/stable/builds/${version}/release.json`,
      });
    }
  });

  test("are not listed while the version is still current", () => {
    expect(() => target.artifacts(fcos({ version: "current" }), "amd64")).toThrow(/resolve it with latest\(\) first/);
  });
});

describe("what current means", () => {
  const stream = (release: unknown): string =>
    JSON.stringify({
      stream: "testing",
      metadata: { "last-modified": "2026-08-20T00:00:00Z" },
      architectures: { x86_64: { artifacts: { metal: { release, formats: {} }, qemu: { release: "44.1" } } } },
    });
  const query = target.latest(fcos({ stream: "testing", version: "current" }), "amd64")!;

  test("is read from the stream's metadata, for this processor", () => {
    expect(query.url).toBe("https://builds.coreos.fedoraproject.org/streams/testing.json");
    expect(query.read(stream("44.20260820.2.0"))).toBe("44.20260820.2.0");
  });

  test.each(["", "{}", "[]", "null", "<html>", stream(44), stream("44"), stream("44.20260820.2.0/../../x")])(
    "is not read out of %j",
    (text) => {
      expect(() => query.read(text)).toThrow("testing.json names no version for x86_64");
    },
  );

  test("is not taken from another processor", () => {
    const arm = target.latest(fcos({ version: "current" }), "arm64")!;
    expect(() => arm.read(stream("44.20260820.2.0"))).toThrow("stable.json names no version for aarch64");
  });

  test("is not asked when the version is given", () => {
    expect(target.latest(FEDORA_COREOS, "amd64")).toBeUndefined();
  });
});

describe("the installation of Fedora CoreOS", () => {
  test("fetches the live system's root from the bootstrapper, and nothing from anywhere else", () => {
    const { args } = target.live(context({ os: FEDORA_COREOS }));
    const urls = args.filter((arg) => arg.includes("://"));
    expect(urls).toHaveLength(2);
    for (const url of urls) expect(url).toMatch(/^(coreos\.live\.rootfs_url|ignition\.config\.url)=http:\/\/10\.0\.0\.1\//);
    expect(args).toEqual(expect.arrayContaining(["ignition.firstboot", "ignition.platform.id=metal"]));
    expect(args.join(" ")).not.toContain("coreos.inst");
  });

  test("leaves the configuration where coreos-installer would: on the partition called boot, in ignition/config.ign", () => {
    const script = target.installScript(context({ os: FEDORA_COREOS }), facts());
    expect(script).toContain("CONFIG_LABEL='boot'\nCONFIG_FILE='ignition/config.ign'\n");
    expect(script).toContain("UNPACK='xz'");
    expect(script).toContain("RULE_MIN='10000000000'");
  });
});

describe("a node of Fedora CoreOS", () => {
  test("takes its time from the bootstrapper by chrony, having no timesyncd", () => {
    expect(textIn(config(), "/etc/chrony.conf")).toMatch(/^server 10\.0\.0\.1 iburst$/m);
    expect(unitsIn(config())).toContain("chronyd.service");
    expect(config()).not.toContain("timesync");
  });

  test("keeps the time it has when the bootstrapper serves none", () => {
    expect(pathsIn(config(false))).not.toContain("/etc/chrony.conf");
    expect(unitsIn(config(false))).not.toContain("chronyd.service");
    expect(validate(config(false))).toBe("");
  });

  test("never updates itself away from what the builder verified", () => {
    expect(textIn(config(), "/etc/zincati/config.d/90-sextant.toml")).toBe("[updates]\nenabled = false\n");
  });
});
