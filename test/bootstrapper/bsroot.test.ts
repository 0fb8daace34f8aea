import { appendFileSync, chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { BsrootError, certificateProblems, difference, glance, loadBsroot, presence, readSecret } from "../../bootstrapper/bsroot.ts";
import { check } from "../../bootstrapper/check.ts";
import { ipv4, mac } from "../../cluster/address.ts";
import { layout } from "../../cluster/layout.ts";
import { API_TOKEN, makeBsroot } from "../support/bsroot.ts";
import { DESCRIPTION } from "../support/description.ts";
import { hashOf } from "./appliance/rig.ts";

const LOADER = `${layout.tftp}/${layout.loaders.bios}`;
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sextant-bsroot-"));
  makeBsroot(folder);
  return () => rmSync(folder, { recursive: true });
});
const inside = (path: string): string => join(folder, path);

describe("a bsroot", () => {
  test("is read with all that is needed at once, and none of the machines' secrets", async () => {
    const bsroot = await loadBsroot(folder);
    expect(bsroot.cluster.machines.map(({ name }) => name)).toEqual(["cp-1", "worker-1", "worker-2"]);
    expect(bsroot.apiTokenHash).toBe(hashOf(API_TOKEN));
    expect(bsroot.warnings).toEqual([]);
    expect(await glance(bsroot)).toEqual([]);
    expect(JSON.stringify(bsroot)).not.toContain(API_TOKEN);
  });

  test("works wherever it is, and through a link", async () => {
    const link = `${folder}-link`;
    symlinkSync(folder, link);
    try {
      expect((await loadBsroot(link)).folder).toBe((await loadBsroot(folder)).folder);
    } finally {
      rmSync(link);
    }
  });

  test("that lacks files names all of them", async () => {
    rmSync(inside(layout.manifest));
    rmSync(inside(layout.tls.ca));
    const error = await loadBsroot(folder).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(BsrootError);
    expect((error as Error).message.split("\n")).toEqual([
      expect.stringContaining(`${layout.manifest}: is missing; build the bsroot again`),
      expect.stringContaining(`${layout.tls.ca}: is missing`),
    ]);
  });

  test.each([
    {
      what: "a description with mistakes",
      path: layout.description,
      content: DESCRIPTION.replace("127.0.0.11", "10.0.0.11"),
      says: /cluster-desc\.yml:\d+:\d+: /,
    },
    { what: "a manifest that is none", path: layout.manifest, content: "{}", says: /manifest\.json: version/ },
    {
      what: "a manifest that leads outside",
      path: layout.manifest,
      content: `{"version":1,"cluster":"demo","files":[{"path":"../x","size":1,"sha256":"${"0".repeat(64)}"}]}`,
      says: /is no plain path inside the bsroot/,
    },
    { what: "a lock that is cut off", path: layout.lock, content: '{"version":1,', says: /sextant\.lock: .*JSON/ },
    { what: "a guessable token", path: layout.tls.apiToken, content: "1234", says: /api-token: is no token of at least 32 characters/ },
  ])("with $what is refused", async ({ path, content, says }) => {
    writeFileSync(inside(path), content);
    await expect(loadBsroot(folder)).rejects.toThrow(says);
  });

  test("whose key belongs to another certificate is refused", async () => {
    writeFileSync(inside(layout.tls.bootstrapperKey), readFileSync(inside(layout.tls.caKey)));
    await expect(loadBsroot(folder)).rejects.toThrow(/bootstrapper\.crt: does not belong to tls\/bootstrapper\.key/);
  });

  test("that is not there says how to name one", async () => {
    await expect(loadBsroot(inside("nowhere"))).rejects.toThrow(/nowhere: there is no such folder; name a bsroot with --bsroot/);
  });
});

describe("what a glance sees", () => {
  test("a file that is missing, one that was cut off, a secret that others may read", async () => {
    const bsroot = await loadBsroot(folder);
    const [, second = "", third = ""] = Object.values(layout.loaders).map((name) => `${layout.tftp}/${name}`);
    rmSync(inside(second));
    writeFileSync(inside(third), "short");
    chmodSync(inside(layout.tls.clusterCaKey), 0o644);
    expect([...(await glance(bsroot))].sort()).toEqual(
      [
        `${second}: is missing`,
        expect.stringMatching(`${third}: has 5 bytes instead of \\d+`),
        `${layout.tls.clusterCaKey}: is a secret that others may read; run chmod 600 on it`,
      ].sort(),
    );
  });

  test("a certificate that is not for our address, or not of this time", async () => {
    const bsroot = await loadBsroot(folder);
    const now = Date.now();
    expect(certificateProblems(bsroot, "127.0.0.1", now)).toEqual([]);
    expect(certificateProblems(bsroot, "10.0.0.1", now)).toEqual([expect.stringContaining("is not for 10.0.0.1")]);
    expect(certificateProblems(bsroot, "127.0.0.1", now + 3 * 86_400_000)).toEqual([expect.stringContaining("ended on")]);
    expect(certificateProblems(bsroot, "127.0.0.1", now - 86_400_000)).toEqual([expect.stringContaining("set this server's clock")]);
  });
});

describe("whether a file is there", () => {
  test("is looked up once a second at most, and what is put there is noticed then", async () => {
    let now = 0;
    const has = presence(await loadBsroot(folder), () => now);
    expect([has(LOADER), has("tftpboot/later.efi")]).toEqual([true, false]);
    writeFileSync(inside("tftpboot/later.efi"), "");
    now = 999;
    expect(has("tftpboot/later.efi")).toBe(false);
    now = 1000;
    expect(has("tftpboot/later.efi")).toBe(true);
  });
});

describe("what a closer look sees", () => {
  test("one changed byte", async () => {
    const bsroot = await loadBsroot(folder);
    const file = bsroot.files.find(({ path }) => path === LOADER)!;
    expect(await difference(bsroot, file)).toBeUndefined();
    const bytes = readFileSync(inside(LOADER));
    bytes[3]! ^= 1;
    writeFileSync(inside(LOADER), bytes);
    expect(await difference(bsroot, file)).toBe(`${LOADER}: has other bytes than the manifest says`);
    rmSync(inside(LOADER));
    expect(await difference(bsroot, file)).toContain(`${LOADER}: cannot be read`);
  });
});

describe("a secret", () => {
  const key = layout.tls.machineKey(mac("52:54:00:00:00:11"));

  test("is read from below tls", async () => {
    const bsroot = await loadBsroot(folder);
    expect(Buffer.from(await readSecret(bsroot, key)).toString()).toContain("52:54:00:00:00:11");
  });

  test("is not read from elsewhere, whatever leads there", async () => {
    const bsroot = await loadBsroot(folder);
    await expect(readSecret(bsroot, "config/cluster-desc.yml")).rejects.toThrow("is not in tls/");
    await expect(readSecret(bsroot, "tls/../config/cluster-desc.yml")).rejects.toThrow("is not in tls/");
    renameSync(inside(key), `${inside(key)}.away`);
    symlinkSync("/etc/passwd", inside(key));
    await expect(readSecret(bsroot, key)).rejects.toThrow("is not in tls/");
  });
});

describe("bootstrapper check", () => {
  const checked = async (address = ipv4("127.0.0.1")): Promise<{ good: boolean; lines: string[] }> => {
    const lines: string[] = [];
    const good = await check(folder, address, Date.now(), (line) => lines.push(line));
    return { good, lines };
  };

  test("says what would be served, and that all is well", async () => {
    const { good, lines } = await checked();
    expect(good).toBe(true);
    expect(lines.join("\n")).toMatch(
      /cluster demo, \d+ files.*52:54:00:00:00:11 {2}cp-1 {2}127\.0\.0\.11 {2}control-plane {2}raw-image.*all files are what the manifest says/s,
    );
  });

  test("names everything that is wrong, each file once", async () => {
    appendFileSync(inside(LOADER), "!");
    const { good, lines } = await checked(ipv4("10.0.0.1"));
    expect(good).toBe(false);
    expect(lines.filter((line) => line.startsWith("wrong: "))).toEqual([
      expect.stringContaining("is not for 10.0.0.1"),
      expect.stringMatching(`^wrong: ${LOADER}: has \\d+ bytes instead of \\d+`),
    ]);
  });
});
