import { spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { formatManifest } from "../../../bsroot-builder/manifest.ts";
import { inWords } from "../../../bsroot-builder/pki/in-words.ts";
import { makeTls } from "../../../bsroot-builder/pki/make.ts";
import { planTls } from "../../../bsroot-builder/pki/plan.ts";
import { secretEntries } from "../../../bsroot-builder/write/assemble.ts";
import type { Cluster } from "../../../cluster/cluster.ts";
import { parse } from "../../../cluster/parse.ts";
import { CP, description, placeTls, WORKER } from "../../support/workshop.ts";

const DAY = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * DAY);
const ETCD = '{ mac: "52:54:00:00:00:21", name: etcd-1, address: 10.77.0.21, roles: [etcd] }';
const MEMBER = "tls/machines/52-54-00-00-00-21-etcd.crt";

let root: string;
const newRoot = async (): Promise<string> => mkdtemp(join(tmpdir(), "sextant-pki-"));

const RAW =
  "{ target: raw-image, image: https://images.example/n.raw, kernel: https://images.example/k, initrd: https://images.example/i }";

function described(kubernetes: string, machines: readonly string[] = [CP, WORKER], os?: string): Cluster {
  const parsed = parse(description({ kubernetes, machines, ...(os && { os }) }), "cluster-desc.yml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.cluster;
}
const ECDSA = "{ version: 1.36.4, certificates: ecdsa }";
const SEPARATE = [CP, WORKER, ETCD];

/** What a build does with tls/ and says of it, its manifest included. */
async function build(cluster: Cluster, now = new Date()) {
  const plan = await planTls(root, cluster, now);
  if (plan.problems.length === 0) {
    await makeTls(root, cluster, plan, now);
    await writeFile(join(root, "manifest.json"), formatManifest(cluster.name, await secretEntries(root)));
  }
  return { ...plan, ...inWords(plan) };
}

const at = (path: string): string => join(root, path);
const read = (path: string): Promise<string> => readFile(at(path), "utf8");
const certificate = async (path: string): Promise<X509Certificate> => new X509Certificate(await read(path));
const openssl = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  return status === 0 ? stdout : `failed: ${stdout}${stderr}`;
};
const verify = (ca: string, path: string, ...args: string[]): string =>
  openssl("verify", "-x509_strict", "-CAfile", at(ca), ...args, at(path)).replace(`${at(path)}: `, "");
async function everything(): Promise<ReadonlyMap<string, string>> {
  const found = (await readdir(at("tls"), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return new Map(
    await Promise.all(
      found.map(
        async ({ parentPath, name }) =>
          [join(parentPath, name).slice(root.length + 1), await readFile(join(parentPath, name), "utf8")] as const,
      ),
    ),
  );
}

const CAS = [
  { path: "tls/kubernetes/ca", name: "kubernetes" },
  { path: "tls/kubernetes/front-proxy-ca", name: "front-proxy-ca" },
  { path: "tls/kubernetes/etcd/ca", name: "etcd-ca" },
];
const LEAVES = [
  {
    path: "tls/kubernetes/admin",
    ca: "tls/kubernetes/ca.crt",
    subject: "O = kubeadm:cluster-admins, CN = kubernetes-admin",
    uses: ["client"],
  },
  {
    path: "tls/kubernetes/super-admin",
    ca: "tls/kubernetes/ca.crt",
    subject: "O = system:masters, CN = kubernetes-super-admin",
    uses: ["client"],
  },
  {
    path: "tls/kubernetes/apiserver-etcd-client",
    ca: "tls/kubernetes/etcd/ca.crt",
    subject: "CN = kube-apiserver-etcd-client",
    uses: ["client"],
  },
  { path: "tls/machines/52-54-00-00-00-21-etcd", ca: "tls/kubernetes/etcd/ca.crt", subject: "CN = etcd-1", uses: ["server", "client"] },
];

describe.each([
  { kind: "rsa", ca: "RSA 3072", leaf: "RSA 2048", usage: "Digital Signature, Key Encipherment" },
  { kind: "ecdsa", ca: "prime256v1", leaf: "prime256v1", usage: "Digital Signature" },
])("with $kind keys a build", ({ kind, ca: caKey, leaf: leafKey, usage }) => {
  let made: string;
  const cluster = described(`{ version: 1.36.4, certificates: ${kind} }`, SEPARATE);
  beforeAll(async () => {
    root = made = await newRoot();
    await build(cluster);
  });
  beforeEach(() => {
    root = made;
  });
  afterAll(() => rm(made, { recursive: true }));
  const kindOf = (found: X509Certificate): string => {
    const { namedCurve, modulusLength } = found.publicKey.asymmetricKeyDetails!;
    return namedCurve ?? `RSA ${modulusLength}`;
  };

  test("makes every CA that kubeadm would make, by its name", async () => {
    for (const { path, name } of CAS) {
      const ca = await certificate(`${path}.crt`);
      expect([ca.subject, ca.issuer, ca.subjectAltName, ca.ca]).toEqual([`CN=${name}`, `CN=${name}`, `DNS:${name}`, true]);
      expect(kindOf(ca)).toBe(caKey);
      expect(verify(`${path}.crt`, `${path}.crt`)).toBe("OK\n");
    }
  });

  test("signs what OpenSSL accepts in its strictest mode, for what it is for and nothing else", async () => {
    for (const { path, ca, uses } of LEAVES) {
      for (const use of ["server", "client"]) {
        const said = verify(ca, `${path}.crt`, "-purpose", `ssl${use}`);
        expect([path, use, said]).toEqual([
          path,
          use,
          uses.includes(use) ? "OK\n" : expect.stringContaining("unsuitable certificate purpose"),
        ]);
      }
      for (const other of CAS.filter((one) => `${one.path}.crt` !== ca))
        expect(verify(`${other.path}.crt`, `${path}.crt`)).toMatch(/^failed: /);
      expect(kindOf(await certificate(`${path}.crt`))).toBe(leafKey);
    }
  });

  test("names them as kubeadm does", () => {
    for (const { path, subject, uses } of LEAVES) {
      const text = openssl("x509", "-noout", "-text", "-in", at(`${path}.crt`));
      expect(text).toContain(`Subject: ${subject}\n`);
      const extended = uses.map((use) => `TLS Web ${use === "server" ? "Server" : "Client"} Authentication`).join(", ");
      expect(text).toMatch(new RegExp(`Extended Key Usage: \\n +${extended}\\n`));
      expect(text).toMatch(new RegExp(`Key Usage: critical\\n +${usage}\\n`));
    }
  });

  test("makes a member of etcd known by its names and addresses, its own host included", () => {
    for (const name of ["etcd-1", "etcd-1.demo.lan", "localhost"])
      expect(verify("tls/kubernetes/etcd/ca.crt", MEMBER, "-verify_hostname", name)).toBe("OK\n");
    for (const address of ["10.77.0.21", "127.0.0.1", "::1"])
      expect(verify("tls/kubernetes/etcd/ca.crt", MEMBER, "-verify_ip", address)).toBe("OK\n");
    expect(verify("tls/kubernetes/etcd/ca.crt", MEMBER, "-verify_hostname", "cp-1")).toMatch(/hostname mismatch/);
  });

  test("keeps each certificate beside its own key, and sa.pub beside sa.key", async () => {
    for (const { path } of [...CAS, ...LEAVES]) {
      const ofCertificate = openssl("x509", "-noout", "-pubkey", "-in", at(`${path}.crt`));
      expect(ofCertificate).toMatch(/^-----BEGIN PUBLIC KEY-----/);
      expect(openssl("pkey", "-check", "-pubout", "-in", at(`${path}.key`))).toBe(`Key is valid\n${ofCertificate}`);
    }
    expect(openssl("pkey", "-pubout", "-in", at("tls/kubernetes/sa.key"))).toBe(await read("tls/kubernetes/sa.pub"));
    expect(createPrivateKey(await read("tls/kubernetes/sa.key")).asymmetricKeyType).toBe(kind === "rsa" ? "rsa" : "ec");
  });

  test("closes every file to others", async () => {
    for (const path of (await everything()).keys()) expect([path, (await stat(at(path))).mode & 0o777]).toEqual([path, 0o600]);
    for (const path of ["tls/kubernetes", "tls/kubernetes/etcd"]) expect((await stat(at(path))).mode & 0o777).toBe(0o700);
  });

  test("makes what encrypts Secrets: a random key of 32 bytes first, and nothing at all after it", async () => {
    const { resources, ...head } = parseYaml(await read("tls/kubernetes/encryption.yaml"));
    expect(head).toEqual({ apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration" });
    const [{ secret }] = resources[0].providers[0].secretbox.keys;
    expect(resources).toEqual([
      { resources: ["secrets"], providers: [{ secretbox: { keys: [{ name: "sextant", secret }] } }, { identity: {} }] },
    ]);
    expect(Buffer.from(secret, "base64")).toHaveLength(32);
    expect(new Set(Buffer.from(secret, "base64")).size).toBeGreaterThan(10);
  });

  test("changes nothing the next time", async () => {
    const before = await everything();
    expect(await build(cluster)).toMatchObject({ certificates: [], keys: [], problems: [], warnings: [] });
    expect(await everything()).toEqual(before);
  });

  test("leaves the appliance's own certificates RSA, which firmware reads", async () => {
    for (const path of ["tls/ca.pem", "tls/bootstrapper.crt", "tls/machines/52-54-00-00-00-21.crt"])
      expect((await certificate(path)).publicKey.asymmetricKeyType).toBe("rsa");
  });
});

describe("later builds", () => {
  let made: string;
  beforeAll(async () => {
    root = made = await newRoot();
    await placeTls(made);
    await build(described("{}"));
    await build(described(ECDSA, SEPARATE));
  });
  afterAll(() => rm(made, { recursive: true }));
  beforeEach(async () => {
    root = await newRoot();
    await cp(made, root, { recursive: true });
  });
  afterEach(() => rm(root, { recursive: true }));

  test("give a bsroot of an earlier release what it lacks, and replace nothing", async () => {
    await rm(root, { recursive: true });
    await mkdir(root);
    await placeTls(root);
    await build(described("{}"));
    const before = await everything();
    const { certificates, keys } = await build(described(ECDSA));
    expect(certificates).toEqual([
      "tls/kubernetes/front-proxy-ca.crt: it is new",
      "tls/kubernetes/etcd/ca.crt: it is new",
      "tls/kubernetes/admin.crt: it is new",
      "tls/kubernetes/super-admin.crt: it is new",
      "tls/kubernetes/apiserver-etcd-client.crt: it is new",
    ]);
    expect(keys).toEqual(["tls/kubernetes/sa.key: it is new", "tls/kubernetes/encryption.yaml: it is new"]);
    expect(await everything()).toEqual(new Map([...(await everything()), ...before]));
    // Its cluster CA is of the old kind, and signs the new.
    for (const name of ["admin", "super-admin"])
      expect(verify("tls/kubernetes/ca.crt", `tls/kubernetes/${name}.crt`, "-purpose", "sslclient")).toBe("OK\n");
  });

  test("make nothing of Kubernetes for who does not ask for it", async () => {
    await rm(at("tls"), { recursive: true });
    await placeTls(root);
    await rm(at("manifest.json"));
    expect(await build(described("{ certificates: ecdsa }", SEPARATE))).toMatchObject({
      certificates: ["tls/machines/52-54-00-00-00-21.crt: it is new"],
      keys: [],
    });
  });

  test("make etcd's CA, its members' certificates and yours for etcd that is without Kubernetes, and what Kubernetes needs when it comes", async () => {
    await rm(root, { recursive: true });
    await mkdir(root);
    await placeTls(root);
    const ETCD_2 = ETCD.replaceAll("21", "22").replace("etcd-1", "etcd-2");
    const machines = [CP.replace("[control-plane]", "[control-plane, etcd]"), WORKER, ETCD, ETCD_2];
    const made = await build(described("{ certificates: ecdsa }", machines, RAW));
    const member = (mac: string): string => `tls/machines/52-54-00-00-00-${mac}-etcd.crt`;
    const own = [member("11"), member("21"), member("22")];
    expect(made.certificates.filter((line) => /etcd/.test(line))).toEqual(
      ["tls/kubernetes/etcd/ca.crt", ...own, "tls/kubernetes/apiserver-etcd-client.crt"].map((path) => `${path}: it is new`),
    );
    expect(made.keys).toEqual([]);
    for (const path of own)
      for (const use of ["server", "client"]) expect(verify("tls/kubernetes/etcd/ca.crt", path, "-purpose", `ssl${use}`)).toBe("OK\n");
    expect((await everything()).has("tls/kubernetes/front-proxy-ca.crt")).toBe(false);
    const before = await everything();
    const { certificates } = await build(described(ECDSA, machines, RAW));
    expect(certificates).toEqual(["front-proxy-ca", "admin", "super-admin"].map((name) => `tls/kubernetes/${name}.crt: it is new`));
    for (const [path, text] of before) expect([path, await read(path)]).toEqual([path, text]);
  });

  test("finish what one that was killed had begun", async () => {
    const keys = ["tls/kubernetes/etcd/ca.key", "tls/kubernetes/sa.key", "tls/kubernetes/admin.key"];
    const before = await everything();
    for (const path of (await everything()).keys()) if (/kubernetes\/(?!ca\.)|-etcd/.test(path) && !keys.includes(path)) await rm(at(path));
    await rm(at("manifest.json"));
    expect((await build(described(ECDSA, SEPARATE))).problems).toEqual([]);
    for (const path of keys) expect(await read(path)).toBe(before.get(path));
    expect(await read("tls/kubernetes/sa.pub")).toBe(before.get("tls/kubernetes/sa.pub"));
    expect(verify("tls/kubernetes/etcd/ca.crt", MEMBER)).toBe("OK\n");
    expect((await build(described(ECDSA, SEPARATE))).certificates).toEqual([]);
  });

  test("take away what the description does not ask for any more, and no CA", async () => {
    const { remove } = await build(described(ECDSA));
    expect(remove).toEqual([
      "tls/machines/52-54-00-00-00-21-etcd.crt",
      "tls/machines/52-54-00-00-00-21-etcd.key",
      "tls/machines/52-54-00-00-00-21.crt",
      "tls/machines/52-54-00-00-00-21.key",
    ]);
    const left = await everything();
    for (const { path } of CAS) expect(left.has(`${path}.key`)).toBe(true);
  });

  test("issue an administrator's certificate again when the release has another group of them, for the same key", async () => {
    const key = await read("tls/kubernetes/admin.key");
    const old = await build(described("{ version: 1.28.15, certificates: ecdsa }", SEPARATE));
    expect(old.certificates).toEqual(["tls/kubernetes/admin.crt: whom it is for changed"]);
    expect((await certificate("tls/kubernetes/admin.crt")).subject).toBe("O=system:masters\nCN=kubernetes-admin");
    expect(await read("tls/kubernetes/admin.key")).toBe(key);
  });

  test.each(["1.29", "current"])("take version %s, which is looked up later, for one with the binding", async (version) => {
    expect((await build(described(`{ version: "${version}", certificates: ecdsa }`, SEPARATE))).certificates).toEqual([]);
  });

  test("make keys of the other kind from now on, and leave those that are there", async () => {
    const rsa = described("{ version: 1.36.4, certificates: rsa }", SEPARATE);
    expect((await build(rsa)).certificates).toEqual([]);
    await rm(at("tls/kubernetes/admin.crt"));
    await rm(at("tls/kubernetes/admin.key"));
    await build(rsa);
    expect((await certificate("tls/kubernetes/admin.crt")).publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
    expect(verify("tls/kubernetes/ca.crt", "tls/kubernetes/admin.crt")).toBe("OK\n");
  });

  test("write sa.pub again from its key", async () => {
    const before = await read("tls/kubernetes/sa.pub");
    await rm(at("tls/kubernetes/sa.pub"));
    expect((await build(described(ECDSA, SEPARATE))).keys).toEqual(["tls/kubernetes/sa.key: its public half was missing"]);
    expect(await read("tls/kubernetes/sa.pub")).toBe(before);
  });

  test("take a sa.pub that holds older keys too, as while they are exchanged", async () => {
    const both = `${openssl("x509", "-noout", "-pubkey", "-in", at("tls/bootstrapper.crt"))}${await read("tls/kubernetes/sa.pub")}`;
    await writeFile(at("tls/kubernetes/sa.pub"), both);
    expect(await build(described(ECDSA, SEPARATE))).toMatchObject({ keys: [], problems: [] });
    expect(await read("tls/kubernetes/sa.pub")).toBe(both);
  });

  test("keep what an operator made of the encryption", async () => {
    const own =
      "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: [{ resources: [secrets], providers: [{ kms: { name: x } }] }]\n";
    await writeFile(at("tls/kubernetes/encryption.yaml"), own);
    expect(await build(described(ECDSA, SEPARATE))).toMatchObject({ keys: [], problems: [] });
    expect(await read("tls/kubernetes/encryption.yaml")).toBe(own);
  });

  test("say in time that a CA ends", async () => {
    expect((await build(described(ECDSA, SEPARATE), inDays(3200))).warnings).toEqual([]);
    const { warnings } = await build(described(ECDSA, SEPARATE), inDays(3400));
    expect(warnings).toHaveLength(4);
    expect(warnings[0]).toMatch(/^tls\/ca.pem expires on .*; bsroot-builder pki rotate appliance-ca says/);
  });

  const gone =
    (...paths: string[]) =>
    async () => {
      for (const path of paths) await rm(at(path));
    };
  const BACKUP = /restore tls\/ from a backup, or move it away to begin anew with every machine/;
  test.each([
    {
      when: "a CA that an earlier build made is gone",
      spoil: gone("tls/kubernetes/etcd/ca.crt", "tls/kubernetes/etcd/ca.key"),
      says: /^tls\/kubernetes\/etcd\/ca.crt is missing; restore/,
    },
    { when: "its key is", spoil: gone("tls/kubernetes/front-proxy-ca.key"), says: /^tls\/kubernetes\/front-proxy-ca.key is missing/ },
    {
      when: "sa.key is",
      spoil: gone("tls/kubernetes/sa.key"),
      says: /^tls\/kubernetes\/sa.key is missing; every pod's token was signed with it/,
    },
    { when: "both halves are", spoil: gone("tls/kubernetes/sa.key", "tls/kubernetes/sa.pub"), says: BACKUP },
    {
      when: "sa.pub is another's",
      spoil: () => cp(at("tls/bootstrapper.crt"), at("tls/kubernetes/sa.pub")),
      says: /^tls\/kubernetes\/sa.pub is not the public half of tls\/kubernetes\/sa.key; delete it/,
    },
    {
      when: "the key of the Secrets is gone",
      spoil: gone("tls/kubernetes/encryption.yaml"),
      says: /encryption.yaml is missing; without its key no Secret of the cluster can be read/,
    },
    {
      when: "it is rubbish",
      spoil: () => writeFile(at("tls/kubernetes/encryption.yaml"), "kind: ["),
      says: /encryption.yaml is no EncryptionConfiguration/,
    },
    {
      when: "a member's certificate is by another CA",
      spoil: async () => {
        await cp(at("tls/kubernetes/admin.crt"), at(MEMBER));
        await cp(at("tls/kubernetes/admin.key"), at(MEMBER.replace("crt", "key")));
      },
      says: /-etcd.crt was not signed by the CA in tls\/kubernetes\/etcd\/ca.crt; restore it from a backup, or delete both files/,
    },
    {
      when: "nobody can tell what an earlier build made",
      spoil: async () => {
        await gone("tls/kubernetes/etcd/ca.crt", "tls/kubernetes/etcd/ca.key")();
        await writeFile(at("manifest.json"), "{");
      },
      says: BACKUP,
    },
  ])("touch nothing when $when, and say what to do", async ({ spoil, says }) => {
    await spoil();
    const before = await everything();
    const { problems } = await build(described(ECDSA, SEPARATE));
    expect(problems.join("\n")).toMatch(says);
    expect(await everything()).toEqual(before);
  });
});
