import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readKey } from "../../../bootstrapper/dns/tsig/key-file.ts";
import { makeTls } from "../../../bsroot-builder/pki/make.ts";
import { planTls } from "../../../bsroot-builder/pki/plan.ts";
import { formatTsigKey, parseTsigKey } from "../../../bsroot-builder/pki/tsig-file.ts";
import { leaves } from "../../../bsroot-builder/pki/wanted.ts";
import type { Cluster } from "../../../cluster/cluster.ts";
import { parse } from "../../../cluster/parse.ts";
import { CP, type DescriptionOptions, description, placeTls, WORKER } from "../../support/workshop.ts";

const DAY = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * DAY);

let root: string;

/** A folder with the shared certificates, for one test. */
function ownFolder(): void {
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "sextant-pki-"));
    await placeTls(root);
  });
  afterEach(() => rm(root, { recursive: true }));
}

const cluster = (...machines: string[]): Cluster => described(machines.length > 0 ? { machines } : {});

function described(options: DescriptionOptions): Cluster {
  const parsed = parse(description(options), "cluster-desc.yml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.cluster;
}

async function build(of = cluster(), now = new Date()) {
  const plan = await planTls(root, of, now);
  if (plan.problems.length === 0) await makeTls(root, of, plan, now);
  return { issued: plan.issue.map(({ leaf }) => leaf.certificate), because: plan.issue.map(({ because }) => because), ...plan };
}

const tls = (path: string) => join(root, "tls", path);
const read = (path: string) => readFile(tls(path), "utf8");
const openssl = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  return status === 0 ? "OK" : stdout + stderr;
};
const SAMPLE = { name: "externaldns", algorithm: "hmac-sha256", secret: "A".repeat(44) } as const;
const CP_CRT = "tls/machines/52-54-00-00-00-11.crt";

describe("the first build, even after one that was killed in the middle,", () => {
  let made: string;
  beforeAll(async () => {
    made = await mkdtemp(join(tmpdir(), "sextant-pki-"));
    root = made;
    await mkdir(join(root, ".build/tls-being-made/tls"), { recursive: true });
    await writeFile(join(root, ".build/tls-being-made/tls/ca-key.pem"), "half");
    await build();
  });
  beforeEach(() => {
    root = made;
  });
  afterAll(() => rm(made, { recursive: true }));

  test("makes everything, closed to other users, and nothing else", async () => {
    const all = (await readdir(tls(""), { recursive: true })).sort();
    expect(all).toEqual([
      "api-token",
      "bootstrapper.crt",
      "bootstrapper.key",
      "ca-key.pem",
      "ca.pem",
      "kubernetes",
      "kubernetes/ca.crt",
      "kubernetes/ca.key",
      "machines",
      "machines/52-54-00-00-00-11.crt",
      "machines/52-54-00-00-00-11.key",
      "machines/52-54-00-00-00-12.crt",
      "machines/52-54-00-00-00-12.key",
    ]);
    for (const path of ["", ...all]) {
      const found = await stat(tls(path));
      expect([path, found.mode & 0o777]).toEqual([path, found.isDirectory() ? 0o700 : 0o600]);
    }
    expect(await read("api-token")).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await readdir(join(root, ".build"))).toEqual([]);
  });

  test("makes certificates that OpenSSL accepts in its strictest mode, for every name and address", async () => {
    const verify = (...args: string[]) => openssl("verify", "-x509_strict", "-CAfile", tls("ca.pem"), ...args);
    const server = ["-purpose", "sslserver"];
    for (const name of ["bootstrapper", "bootstrapper.demo.lan", "localhost"]) {
      expect(verify(...server, "-verify_hostname", name, tls("bootstrapper.crt"))).toBe("OK");
    }
    for (const address of ["10.77.0.1", "127.0.0.1"]) expect(verify(...server, "-verify_ip", address, tls("bootstrapper.crt"))).toBe("OK");
    for (const purpose of ["sslserver", "sslclient"]) expect(verify("-purpose", purpose, join(root, CP_CRT))).toBe("OK");
    expect(verify("-verify_hostname", "cp-1.demo.lan", "-verify_ip", "10.77.0.11", join(root, CP_CRT))).toBe("OK");
    expect(verify("-verify_hostname", "api.demo.lan", join(root, CP_CRT))).toBe("OK");
    expect(verify("-verify_hostname", "api.demo.lan", tls("machines/52-54-00-00-00-12.crt"))).toMatch(/hostname mismatch/);
    expect(verify("-verify_hostname", "worker-1", join(root, CP_CRT))).toMatch(/hostname mismatch/);
    expect(verify("-purpose", "sslclient", tls("bootstrapper.crt"))).toMatch(/unsuitable certificate purpose/);
    expect(openssl("verify", "-x509_strict", "-CAfile", tls("kubernetes/ca.crt"), tls("kubernetes/ca.crt"))).toBe("OK");
  });

  test("makes a cluster CA as kubeadm would", async () => {
    const ca = new X509Certificate(await read("kubernetes/ca.crt"));
    expect([ca.subject, ca.subjectAltName, ca.ca]).toEqual(["CN=kubernetes", "DNS:kubernetes", true]);
  });

  test("backdates by a day, for machines whose clock is behind", async () => {
    for (const path of ["ca.pem", "bootstrapper.crt", "machines/52-54-00-00-00-11.crt"]) {
      expect(new Date(new X509Certificate(await read(path)).validFrom) <= inDays(-0.99)).toBe(true);
    }
  });
});

describe("later builds", () => {
  ownFolder();

  test("change nothing", async () => {
    const before = await Promise.all(["ca.pem", "bootstrapper.crt", "api-token"].map(read));
    expect(await build()).toMatchObject({ issued: [], remove: [], problems: [] });
    expect(await Promise.all(["ca.pem", "bootstrapper.crt", "api-token"].map(read))).toEqual(before);
  });

  test("make what a new machine needs and nothing else", async () => {
    const third = '{ mac: "52:54:00:00:00:13", name: worker-2 }';
    expect((await build(cluster(CP, WORKER, third))).issued).toEqual(["tls/machines/52-54-00-00-00-13.crt"]);
    expect(new X509Certificate(await read("machines/52-54-00-00-00-13.crt")).subjectAltName).toBe("DNS:worker-2, DNS:worker-2.demo.lan");
  });

  test("issue a certificate again when names or addresses changed, for the same key", async () => {
    const key = await read("machines/52-54-00-00-00-11.key");
    const renamed = await build(cluster(CP.replace("cp-1", "cp-a"), WORKER));
    expect(renamed).toMatchObject({ issued: [CP_CRT], because: ["its names or addresses changed"] });
    expect(await read("machines/52-54-00-00-00-11.key")).toBe(key);
    expect(await build(cluster(CP.replace("cp-1", "cp-a"), WORKER))).toMatchObject({ issued: [], problems: [] });
  });

  test("renew what has less than a third of its time left, never the CA", async () => {
    const ca = await read("ca.pem");
    expect((await build(cluster(), inDays(500))).issued).toEqual([]);
    expect((await build(cluster(), inDays(600))).issued).toHaveLength(3);
    expect(await read("ca.pem")).toBe(ca);
  });

  test("never issue anything that outlives the CA", async () => {
    await build(cluster(), inDays(3600));
    const end = (text: string) => new Date(new X509Certificate(text).validTo);
    expect(end(await read("bootstrapper.crt"))).toEqual(end(await read("ca.pem")));
  });

  test("take away the key of a machine that is not listed any more", async () => {
    expect((await build(cluster(CP))).remove).toEqual(["tls/machines/52-54-00-00-00-12.crt", "tls/machines/52-54-00-00-00-12.key"]);
    expect(await readdir(tls("machines"))).toEqual(["52-54-00-00-00-11.crt", "52-54-00-00-00-11.key"]);
  });

  test("finish a machine whose key was written and whose certificate was not", async () => {
    const key = await read("machines/52-54-00-00-00-11.key");
    await rm(join(root, CP_CRT));
    expect((await build()).issued).toEqual([CP_CRT]);
    expect(await read("machines/52-54-00-00-00-11.key")).toBe(key);
  });

  test("close again what a careless copy opened", async () => {
    await chmod(tls("ca-key.pem"), 0o644);
    await chmod(tls("machines"), 0o755);
    await build();
    expect((await stat(tls("ca-key.pem"))).mode & 0o777).toBe(0o600);
    expect((await stat(tls("machines"))).mode & 0o777).toBe(0o700);
  });
});

test("the bootstrapper's certificate is for each of its addresses", async () => {
  const subnets = "[{ subnet: 10.78.0.0/24, bootstrapper: 10.78.0.1 }, { subnet: 10.79.0.0/24, routers: [10.79.0.1] }]";
  const [bootstrapper] = leaves(described({ subnets }));
  expect(bootstrapper!.alternatives.addresses).toEqual(["10.77.0.1", "10.78.0.1", "127.0.0.1"]);
});

describe("a TSIG key", () => {
  ownFolder();
  const KEY = "tls/dns/externaldns.key";
  const withKey = (key = "{ name: externaldns, may: [update] }") => described({ dns: `{ keys: [${key}] }` });
  const secretOf = (text: string) => Buffer.from(parseTsigKey(text)!.secret, "base64");

  test.each([
    { algorithm: "hmac-sha256", bytes: 32 },
    { algorithm: "hmac-sha384", bytes: 48 },
    { algorithm: "hmac-sha512", bytes: 64 },
  ])("of $algorithm is $bytes random bytes in a file of its own, closed to others", async ({ algorithm, bytes }) => {
    const plan = await build(withKey(`{ name: externaldns, algorithm: ${algorithm}, may: [transfer] }`));
    expect(plan.tsig).toMatchObject([{ key: { name: "externaldns" }, because: "it is new" }]);
    expect(parseTsigKey(await read("dns/externaldns.key"))).toMatchObject({ name: "externaldns", algorithm });
    const secret = secretOf(await read("dns/externaldns.key"));
    expect(secret).toHaveLength(bytes);
    expect(new Set(secret).size).toBeGreaterThan(10);
    expect((await stat(join(root, KEY))).mode & 0o777).toBe(0o600);
    expect((await stat(tls("dns"))).mode & 0o777).toBe(0o700);
  });

  test("is signed with by nsupdate as it is", async () => {
    await build(withKey());
    const { stdout, stderr } = spawnSync("nsupdate", ["-k", join(root, KEY)], {
      input: "server 127.0.0.1\nzone demo.lan\nupdate add a.demo.lan 60 A 10.77.0.5\nshow\n",
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/a\.demo\.lan\.\s+60\s+IN\s+A\s+10\.77\.0\.5/);
  });

  test("is read by the bootstrapper as it is", async () => {
    const [key] = withKey().dns.keys;
    await build(withKey());
    const text = await read("dns/externaldns.key");
    expect(Buffer.from(readKey(text, key!, KEY).secret)).toEqual(secretOf(text));
  });

  test("stays what it is over later builds", async () => {
    await build(withKey());
    const before = await read("dns/externaldns.key");
    expect(await build(withKey())).toMatchObject({ tsig: [], remove: [], problems: [], issued: [] });
    expect(await read("dns/externaldns.key")).toBe(before);
  });

  test("is made anew for another algorithm", async () => {
    await build(withKey());
    const { tsig } = await build(withKey("{ name: externaldns, algorithm: hmac-sha512, may: [update] }"));
    expect(tsig).toMatchObject([{ because: "it was for hmac-sha256" }]);
    expect(secretOf(await read("dns/externaldns.key"))).toHaveLength(64);
  });

  test("goes away with its line in the description", async () => {
    await build(withKey());
    expect((await build(cluster())).remove).toEqual([KEY]);
    expect(await readdir(tls("dns"))).toEqual([]);
  });

  test("is made with everything else where nothing was", async () => {
    await rm(tls(""), { recursive: true });
    const plan = await planTls(root, withKey(), new Date());
    expect(plan).toMatchObject({ fresh: true, tsig: [{ key: { name: "externaldns" }, because: "it is new" }] });
  });

  test.each([
    {
      when: "its file is rubbish",
      text: "x",
      says: `${KEY} is no TSIG key; restore it from a backup, or delete it to have a new one made`,
    },
    { when: "its file is another's", text: formatTsigKey({ ...SAMPLE, name: "other" }), says: `${KEY} holds the key other` },
    { when: "its secret is short", text: formatTsigKey({ ...SAMPLE, secret: "c2VjcmV0" }), says: `${KEY} has a secret of only 6 bytes` },
  ])("is shown and not touched when $when", async ({ text, says }) => {
    await build(withKey());
    await writeFile(join(root, KEY), text);
    expect((await build(withKey())).problems).toEqual([expect.stringContaining(says)]);
    expect(await read("dns/externaldns.key")).toBe(text);
  });
});

describe("a tls folder that is not as we left it is shown, not touched", () => {
  ownFolder();
  const write = (path: string, text: string) => writeFile(tls(path), text);

  test.each([
    { when: "the CA's certificate is gone", spoil: () => rm(tls("ca.pem")), says: /tls\/ca.pem is missing; restore tls\/ from a backup/ },
    { when: "the CA's key is gone", spoil: () => rm(tls("ca-key.pem")), says: /tls\/ca-key.pem is missing/ },
    {
      when: "the CA is cut short",
      spoil: async () => write("ca.pem", (await read("ca.pem")).slice(0, 300)),
      says: /ca.pem is no certificate/,
    },
    {
      when: "the CA's key is another's",
      spoil: () => cp(tls("kubernetes/ca.key"), tls("ca-key.pem")),
      says: /is not the key of tls\/ca.pem/,
    },
    {
      when: "the CA is no CA",
      spoil: async () => {
        await cp(tls("bootstrapper.crt"), tls("ca.pem"));
        await cp(tls("bootstrapper.key"), tls("ca-key.pem"));
      },
      says: /is not a CA's certificate/,
    },
    {
      when: "the cluster's CA is gone",
      spoil: () => rm(tls("kubernetes"), { recursive: true }),
      says: /tls\/kubernetes\/ca.crt is missing/,
    },
    {
      when: "the token is empty",
      spoil: () => write("api-token", ""),
      says: /api-token is not 64 hexadecimal digits; .* openssl rand -hex 32/,
    },
    { when: "a key is gone", spoil: () => rm(tls("bootstrapper.key")), says: /bootstrapper.key is missing beside its certificate/ },
    {
      when: "a key is another's",
      spoil: () => cp(tls("ca-key.pem"), tls("bootstrapper.key")),
      says: /is not the key of tls\/bootstrapper.crt/,
    },
    { when: "a certificate is rubbish", spoil: () => write("bootstrapper.crt", "x"), says: /bootstrapper.crt is no certificate/ },
    {
      when: "a lonely key is rubbish",
      spoil: async () => {
        await rm(tls("bootstrapper.crt"));
        await write("bootstrapper.key", "x");
      },
      says: /bootstrapper.key is no private key/,
    },
    {
      when: "a certificate is of another CA",
      spoil: async () => {
        await cp(tls("kubernetes/ca.crt"), tls("bootstrapper.crt"));
        await cp(tls("kubernetes/ca.key"), tls("bootstrapper.key"));
      },
      says: /was not signed by the CA in tls\//,
    },
  ])("when $when", async ({ spoil, says }) => {
    await spoil();
    const before = await snapshot();
    const { problems } = await build();
    expect(problems.join("\n")).toMatch(says);
    expect(await snapshot()).toEqual(before);
  });

  test("when the CA has expired", async () => {
    expect((await build(cluster(), inDays(3700))).problems.join("\n")).toMatch(/ca.pem expired on/);
  });

  async function snapshot(): Promise<readonly (readonly [string, string])[]> {
    const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const all = files.map(
      async ({ parentPath, name }) => [join(parentPath, name), await readFile(join(parentPath, name), "utf8")] as const,
    );
    return (await Promise.all(all)).sort();
  }
});
