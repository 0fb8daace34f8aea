import { execFile, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { run } from "../../../bsroot-builder/commands/program.ts";
import { verify } from "../../../bsroot-builder/commands/verify.ts";
import { formatManifest } from "../../../bsroot-builder/manifest.ts";
import { makeTls } from "../../../bsroot-builder/pki/make.ts";
import { planTls } from "../../../bsroot-builder/pki/plan.ts";
import { secretEntries } from "../../../bsroot-builder/write/assemble.ts";
import { sha256Of } from "../../../bsroot-builder/write/hash.ts";
import { parse } from "../../../cluster/parse.ts";
import { CP, description, placeTls, registryOf, WORKER } from "../../support/workshop.ts";

const ETCD = '{ mac: "52:54:00:00:00:21", name: etcd-1, address: 10.77.0.21, roles: [etcd] }';
const CONFIG = "config/cluster-desc.yml";

let made: string;
let root: string;
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), "sextant-pki-"));
  await placeTls(made);
  await place("{ version: 1.36.4, certificates: ecdsa }", { folder: made });
});
afterAll(() => rm(made, { recursive: true }));
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sextant-pki-"));
  await cp(made, root, { recursive: true });
});
afterEach(() => rm(root, { recursive: true }));

interface Placing {
  readonly folder?: string;
  readonly now?: Date;
  readonly os?: string;
}

/** A bsroot with this description, its certificates and a manifest. */
async function place(kubernetes: string, { folder = root, now = new Date(), ...more }: Placing = {}): Promise<void> {
  const text = description({ kubernetes, machines: [CP, WORKER, ETCD], ...more });
  const parsed = parse(text, CONFIG);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  await mkdir(join(folder, "config"), { recursive: true });
  await writeFile(join(folder, CONFIG), text);
  await makeTls(folder, parsed.cluster, await planTls(folder, parsed.cluster, now), now);
  const entry = { path: CONFIG, size: text.length, sha256: await sha256Of(join(folder, CONFIG)) };
  await writeFile(join(folder, "manifest.json"), formatManifest("demo", [entry, ...(await secretEntries(folder))]));
}

async function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const heard = { stdout: "", stderr: "" };
  const out = (text: string) => {
    heard.stdout += text;
  };
  const write = (text: string) => {
    heard.stderr += text;
  };
  const screen = { write, isTTY: false, columns: 80 };
  const code = await run(
    args,
    registryOf(() => []),
    { out, screen },
  );
  return { code, ...heard };
}
const pki = (...args: string[]) => cli("pki", ...args, "--bsroot", root);

const at = (path: string): string => join(root, path);
const read = (path: string): Promise<string> => readFile(at(path), "utf8");
async function tls(): Promise<ReadonlyMap<string, string>> {
  const found = (await readdir(at("tls"), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const all = found.map(
    async ({ parentPath, name }) =>
      [join(parentPath, name).slice(root.length + 1), await readFile(join(parentPath, name), "utf8")] as const,
  );
  return new Map(await Promise.all(all));
}
/** Which files are other than before. */
async function changed(before: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const after = await tls();
  return [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path)).sort();
}
const openssl = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  return status === 0 ? stdout : `failed: ${stdout}${stderr}`;
};

describe("pki", () => {
  test("lists every certificate: what it is for, when it expires, and who renews it", async () => {
    const { code, stdout } = await pki();
    expect(code).toBe(0);
    const lines = stdout.split("\n");
    expect(lines[0]).toMatch(/^name +for +key +expires +days left +renewed by$/);
    expect(lines.slice(1).map((line) => line.split(" ")[0])).toEqual([
      ...[
        "appliance-ca",
        "kubernetes-ca",
        "front-proxy-ca",
        "etcd-ca",
        "bootstrapper",
        "machine/cp-1",
        "machine/worker-1",
        "machine/etcd-1",
      ],
      ...["admin", "super-admin", "etcd/etcd-1", "apiserver-etcd-client", "service-account", "encryption", ""],
    ]);
    expect(stdout).toMatch(/^appliance-ca +signs what .* RSA 3072 +20\d\d-\d\d-\d\d +36\d\d +pki rotate appliance-ca$/m);
    expect(stdout).toMatch(
      /^etcd\/etcd-1 +etcd-1 as a member of etcd +ECDSA P-256 +20\d\d-\d\d-\d\d +82\d +a build from 20.*; on the node when it is installed again$/m,
    );
    expect(stdout).toMatch(/^encryption +encrypts Secrets in etcd +never/m);
  });

  test("tells programs the same", async () => {
    const entries = JSON.parse((await pki("--json")).stdout);
    expect(entries).toHaveLength(14);
    expect(entries.find(({ name }: { name: string }) => name === "admin")).toEqual({
      name: "admin",
      use: "the administrator's, for kubectl",
      path: "tls/kubernetes/admin.crt",
      key: "ECDSA P-256",
      expires: new Date(new X509Certificate(await read("tls/kubernetes/admin.crt")).validTo).toISOString().slice(0, 10),
      daysLeft: expect.closeTo(824, -1),
      renewedBy: expect.stringMatching(/^a build from 20/),
    });
  });

  test("lists what is not there yet, too", async () => {
    await rm(at("tls/kubernetes/admin.crt"));
    expect((await pki()).stdout).toMatch(/^admin +the administrator's, for kubectl +not there yet +the next build$/m);
  });

  test("says where there is no bsroot", async () => {
    expect(await cli("pki", "--bsroot", at("nothing"))).toEqual({
      code: 1,
      stdout: "",
      stderr: `${at("nothing/config/cluster-desc.yml")}: is missing; name with --bsroot a folder that bsroot-builder build has finished\n`,
    });
  });
});

describe("pki renew", () => {
  test("issues what is named again, for the key it has, and the manifest knows it", async () => {
    const before = await tls();
    const { code, stdout } = await pki("renew", "admin", "etcd/etcd-1");
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(
        /^admin: until 20\d\d-\d\d-\d\d\netcd\/etcd-1: until .*\n.*2 renewed\. Carry the bsroot .* A node takes .* again: etcd\/etcd-1\.\n$/,
      ),
    ]);
    expect(await changed(before)).toEqual(["tls/kubernetes/admin.crt", "tls/machines/52-54-00-00-00-21-etcd.crt"]);
    expect((await verify(root)).warnings).toEqual([]);
  });

  test("issues all with --all, and makes keys with --new-keys", async () => {
    const before = await tls();
    expect((await pki("renew", "--all", "--new-keys")).code).toBe(0);
    const leaves = [
      "bootstrapper",
      "machines/52-54-00-00-00-11",
      "machines/52-54-00-00-00-12",
      "machines/52-54-00-00-00-21",
      "machines/52-54-00-00-00-21-etcd",
    ];
    const kubernetes = ["admin", "super-admin", "apiserver-etcd-client"].map((name) => `kubernetes/${name}`);
    expect(await changed(before)).toEqual([...leaves, ...kubernetes].flatMap((name) => [`tls/${name}.crt`, `tls/${name}.key`]).sort());
    expect((await verify(root)).warnings).toEqual([]);
    const plan = await planTls(root, cluster(await read(CONFIG)), new Date());
    expect(plan).toMatchObject({ issue: [], problems: [] });
    for (const path of (await tls()).keys()) expect((await stat(at(path))).mode & 0o777).toBe(0o600);
  });

  test.each([
    { args: [], says: /^name what to renew, or say --all: bootstrapper, machine\/cp-1, / },
    { args: ["admin", "--all"], says: /^name what to renew, or say --all/ },
    { args: ["admin", "nobody"], says: /^nobody: is no certificate of this bsroot; there are bootstrapper, / },
    { args: ["etcd-ca"], says: /^etcd-ca: is not renewed but exchanged; bsroot-builder pki rotate etcd-ca says what that takes\n$/ },
    { args: ["encryption"], says: /^encryption: is not renewed but exchanged/ },
  ])("changes nothing for $args", async ({ args, says }) => {
    const before = await tls();
    expect(await pki("renew", ...args)).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(says) });
    expect(await changed(before)).toEqual([]);
  });

  test("changes nothing where a file is not as it was left", async () => {
    await writeFile(at("tls/kubernetes/etcd/ca.crt"), "x");
    const before = await tls();
    expect((await pki("renew", "admin")).stderr).toMatch(/etcd\/ca.crt is no certificate; restore tls\/ from a backup/);
    expect(await changed(before)).toEqual([]);
  });

  test("leaves the making of CAs to build", async () => {
    for (const path of ["manifest.json", "tls/kubernetes/etcd/ca.crt", "tls/kubernetes/etcd/ca.key"]) await rm(at(path));
    for (const end of ["crt", "key"]) {
      await rm(at(`tls/kubernetes/apiserver-etcd-client.${end}`));
      await rm(at(`tls/machines/52-54-00-00-00-21-etcd.${end}`));
    }
    expect((await pki("renew", "admin")).stderr).toBe(`${at("tls")}: not all CAs are there; bsroot-builder build makes them\n`);
  });
});

const cluster = (text: string) => {
  const parsed = parse(text, CONFIG);
  if (!parsed.ok) throw new Error("is no description");
  return parsed.cluster;
};

describe("pki rotate appliance-ca", () => {
  test("shows its plan first, with every node that is concerned, and changes nothing", async () => {
    const before = await tls();
    const { code, stdout } = await pki("rotate", "appliance-ca");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /until \w+ +\d+ .* 20\d\d GMT, when the old CA ends, and have to be given the new one before:\n {2}tls\/ca.pem as \/etc\/sextant\/ca.pem, or install them again: cp-1, worker-1, etcd-1\n/,
    );
    expect(stdout).toMatch(/\nNothing is changed yet: bsroot-builder pki rotate appliance-ca --yes\n$/);
    expect(await changed(before)).toEqual([]);
  });

  let rotated: string;
  let said: string;
  beforeAll(async () => {
    rotated = await mkdtemp(join(tmpdir(), "sextant-pki-"));
    await cp(made, rotated, { recursive: true });
    said = (await cli("pki", "rotate", "appliance-ca", "--yes", "--bsroot", rotated)).stdout;
  });
  afterAll(() => rm(rotated, { recursive: true }));
  const afterRotation = async (): Promise<void> => {
    await rm(root, { recursive: true });
    await cp(rotated, root, { recursive: true });
  };
  const OLD = "tls/ca-before.pem";

  test("makes a CA that nodes believe which know only the old one, and those which know only the new one", async () => {
    const before = await tls();
    await afterRotation();
    expect(said).toMatch(/done\. Carry the bsroot/);
    expect(await changed(before)).toEqual([
      "tls/bootstrapper.crt",
      ...["tls/ca-before-key.pem", "tls/ca-before.pem", "tls/ca-bridge.pem", "tls/ca-key.pem", "tls/ca.pem"],
      ...["11", "12", "21"].map((end) => `tls/machines/52-54-00-00-00-${end}.crt`),
    ]);
    expect((await verify(root)).warnings).toEqual([]);
    expect(await read(OLD)).toBe(before.get("tls/ca.pem"));
    expect(await read("tls/ca-before-key.pem")).toBe(before.get("tls/ca-key.pem"));
    await writeFile(at("new.pem"), new X509Certificate(await read("tls/ca.pem")).toString());
    for (const [known, leaf] of [
      [OLD, "tls/bootstrapper.crt"],
      ["new.pem", "tls/bootstrapper.crt"],
      ["tls/ca.pem", "tls/bootstrapper.crt"],
      [OLD, "tls/machines/52-54-00-00-00-11.crt"],
    ] as const) {
      const outcome = openssl("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", at(known), "-untrusted", at(leaf), at(leaf));
      expect([known, leaf, outcome]).toEqual([known, leaf, `${at(leaf)}: OK\n`]);
    }
    expect(await planTls(root, cluster(await read(CONFIG)), new Date())).toMatchObject({
      issue: [],
      problems: [],
      authorities: [],
      remove: [],
    });
  });

  test("is not noticed by clients of the old CA who connect, nor by those of the new", async () => {
    await afterRotation();
    const server = createServer({ cert: await read("tls/bootstrapper.crt"), key: await read("tls/bootstrapper.key") }, (_, reply) =>
      reply.end("well"),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const curl = (ca: string): Promise<string> =>
      new Promise((done) => {
        const args = ["-sS", "--noproxy", "*", "--cacert", at(ca), `https://127.0.0.1:${port}/`];
        execFile("curl", args, (_, stdout, stderr) => done(stdout + stderr));
      });
    try {
      expect(await Promise.all([curl(OLD), curl("tls/ca.pem"), curl("tls/kubernetes/ca.crt")])).toEqual([
        "well",
        "well",
        expect.stringContaining("certificate"),
      ]);
    } finally {
      server.close();
    }
  });

  test("later builds and renewals go on showing the way from the old CA", async () => {
    await afterRotation();
    await pki("renew", "bootstrapper");
    const leaf = at("tls/bootstrapper.crt");
    expect(openssl("verify", "-x509_strict", "-CAfile", at(OLD), "-untrusted", leaf, leaf)).toBe(`${leaf}: OK\n`);
    expect((await pki()).stdout).toMatch(/^appliance-ca before +nodes believe it .* nobody; delete it when every node has the new one$/m);
  });

  test("is refused a second time while nodes may still know only the first, and then has another name", async () => {
    await afterRotation();
    const before = await tls();
    expect(await pki("rotate", "appliance-ca", "--yes")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/delete tls\/ca-before.pem, tls\/ca-before-key.pem and tls\/ca-bridge.pem, and rotate again\n$/),
    });
    expect(await changed(before)).toEqual([]);
    for (const name of ["ca-before.pem", "ca-before-key.pem", "ca-bridge.pem"]) await rm(at(`tls/${name}`));
    expect((await pki("rotate", "appliance-ca", "--yes")).code).toBe(0);
    expect(new X509Certificate(await read("tls/ca.pem")).subject).toBe("O=demo\nCN=Sextant CA 3");
  });

  test("that was cut short in its last moment is not taken for a bsroot without certificates", async () => {
    await mkdir(at(".build"), { recursive: true });
    await rename(at("tls"), at(".build/tls-before-rotation"));
    expect((await pki("renew", "admin")).stderr).toBe(
      `an exchange of a CA was cut short; put tls/ back: mv ${at(".build/tls-before-rotation")} ${at("tls")}\n`,
    );
    await rename(at(".build/tls-before-rotation"), at("tls"));
    expect((await pki("renew", "admin")).code).toBe(0);
  });

  test("that was cut short earlier is done when it is asked again", async () => {
    await mkdir(at(".build/tls-being-made/tls"), { recursive: true });
    await writeFile(at(".build/tls-being-made/tls/ca.pem"), "half");
    expect((await pki("rotate", "appliance-ca", "--yes")).code).toBe(0);
    expect(await readdir(at(".build"))).toEqual([]);
  });
});

describe("pki rotate etcd-ca, where etcd has machines of its own,", () => {
  const [CA, BEFORE, BRIDGE] = ["ca.crt", "ca-before.crt", "ca-bridge.crt"].map((name) => `tls/kubernetes/etcd/${name}`) as [
    string,
    string,
    string,
  ];
  const LEAVES = ["tls/kubernetes/apiserver-etcd-client.crt", "tls/machines/52-54-00-00-00-21-etcd.crt"];

  test("names the nodes to install again", async () => {
    const { stdout } = await pki("rotate", "etcd-ca");
    expect(stdout).toMatch(/issued again, for the same keys: etcd\/etcd-1, apiserver-etcd-client\n/);
    expect(stdout).toMatch(/Install them again before, one after the other: etcd-1, cp-1\n/);
  });

  test("makes what members and API servers believe that know only the old CA, and touches nothing else", async () => {
    const before = await tls();
    expect((await pki("rotate", "etcd-ca", "--yes")).code).toBe(0);
    const key = "tls/kubernetes/etcd/ca-before.key";
    expect(await changed(before)).toEqual([LEAVES[0], key, BEFORE, BRIDGE, CA, "tls/kubernetes/etcd/ca.key", LEAVES[1]].sort());
    expect([await read(BEFORE), await read(key)]).toEqual([before.get(CA), before.get("tls/kubernetes/etcd/ca.key")]);
    await writeFile(at("new.pem"), new X509Certificate(await read(CA)).toString());
    for (const leaf of LEAVES.map(at))
      for (const known of [BEFORE, "new.pem", CA])
        expect(openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", at(known), "-untrusted", leaf, leaf)).toBe(
          `${leaf}: OK\n`,
        );
    for (const [path, text] of before)
      if (LEAVES.includes(path)) {
        await writeFile(at("old-leaf.pem"), text);
        expect(openssl("verify", "-x509_strict", "-CAfile", at(CA), at("old-leaf.pem"))).toMatch(/OK/);
      }
    expect((await verify(root)).warnings).toContainEqual("new.pem: is not in manifest.json");
  });
});

describe("where etcd is without Kubernetes", () => {
  const RAW =
    "{ target: raw-image, image: https://images.example/n.raw, kernel: https://images.example/k, initrd: https://images.example/i }";
  beforeEach(() => place("{ certificates: ecdsa }", { os: RAW }));

  test("pki shows its CA, its members and the operator's certificate for it, and nothing of Kubernetes but the CA that control planes hold", async () => {
    const names = (JSON.parse((await pki("--json")).stdout) as { name: string; use: string }[]).map(({ name }) => name);
    expect(names).toEqual([
      ...["appliance-ca", "kubernetes-ca", "etcd-ca", "bootstrapper", "machine/cp-1", "machine/worker-1", "machine/etcd-1"],
      ...["etcd/etcd-1", "apiserver-etcd-client"],
    ]);
    expect((await pki("renew", "etcd/etcd-1")).code).toBe(0);
  });

  test("pki rotate etcd-ca names its members, and no API servers", async () => {
    const { stdout } = await pki("rotate", "etcd-ca");
    expect(stdout).toMatch(/issued again, for the same keys: etcd\/etcd-1, apiserver-etcd-client\n/);
    expect(stdout).toMatch(/The members of etcd that are installed believe/);
    expect(stdout).toMatch(/Install them again before, one after the other: etcd-1\n/);
    expect((await pki("rotate", "etcd-ca", "--yes")).code).toBe(0);
    expect((await verify(root)).warnings).toEqual([]);
  });
});

describe("pki rotate of what nodes hold themselves", () => {
  beforeEach(async () => writeFile(at(CONFIG), (await read(CONFIG)).replace(/^.*etcd-1.*\n/m, "")));

  test.each([
    {
      name: "kubernetes-ca",
      says: /kubeadm makes with it.*kube-controller-manager signs with that file.*Manual Rotation of CA Certificates.*delete admin and super-admin/s,
    },
    { name: "front-proxy-ca", says: /front-proxy-client.*in the bsroot, and build/s },
    { name: "etcd-ca", says: /both CAs before the first of them.*kubeadm makes those certificates on each control plane/s },
    { name: "service-account", says: /both public keys into sa.pub everywhere/ },
    { name: "encryption", says: /Rotate a decryption key/ },
  ])("$name is refused, with why and how else", async ({ name, says }) => {
    const before = await tls();
    const { code, stderr } = await pki("rotate", name, "--yes");
    expect([code, stderr]).toEqual([1, expect.stringMatching(says)]);
    expect(stderr).toMatch(new RegExp(`^${name}: cannot be exchanged from here\n`));
    expect(await changed(before)).toEqual([]);
  });

  test("what is no CA is renewed, and what is not there is named", async () => {
    expect((await pki("rotate", "admin")).stderr).toBe("admin: is no CA; bsroot-builder pki renew admin\n");
    expect((await pki("rotate", "x")).stderr).toBe(
      "x: is no CA of this bsroot; there are appliance-ca, kubernetes-ca, front-proxy-ca, etcd-ca\n",
    );
  });

  test("what the advice for kubernetes-ca says at its end, works", async () => {
    const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", at("tls/kubernetes/ca.key")];
    openssl("req", "-x509", ...key, "-days", "3000", "-subj", "/CN=kubernetes", "-out", at("tls/kubernetes/ca.crt"));
    const given = cluster(await read(CONFIG));
    const plan = () => planTls(root, given, new Date());
    expect((await plan()).problems.join("\n")).toMatch(/admin.crt was not signed by the CA in tls\/kubernetes\/ca.crt/);
    for (const name of ["admin", "super-admin"]) for (const end of ["crt", "key"]) await rm(at(`tls/kubernetes/${name}.${end}`));
    expect(await plan()).toMatchObject({ problems: [], issue: [{ leaf: { name: "admin" } }, { leaf: { name: "super-admin" } }] });
  });
});

describe("kubeconfig", () => {
  test("has the cluster's CA and the administrator's certificate inside, and the API's address", async () => {
    const { code, stdout } = await cli("kubeconfig", "--bsroot", root);
    expect(code).toBe(0);
    const base64 = async (path: string) => Buffer.from(await read(path)).toString("base64");
    expect(parseYaml(stdout)).toEqual({
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "demo",
          cluster: { server: "https://api.demo.lan:6443", "certificate-authority-data": await base64("tls/kubernetes/ca.crt") },
        },
      ],
      users: [
        {
          name: "kubernetes-admin",
          user: {
            "client-certificate-data": await base64("tls/kubernetes/admin.crt"),
            "client-key-data": await base64("tls/kubernetes/admin.key"),
          },
        },
      ],
      contexts: [{ name: "kubernetes-admin@demo", context: { cluster: "demo", user: "kubernetes-admin" } }],
      "current-context": "kubernetes-admin@demo",
    });
  });

  test("is another's, whom no rule of the cluster stops, for emergencies", async () => {
    const { users, contexts } = parseYaml((await cli("kubeconfig", "--bsroot", root, "--super-admin")).stdout);
    const text = Buffer.from(users[0].user["client-certificate-data"], "base64");
    expect(new X509Certificate(text).subject).toBe("O=system:masters\nCN=kubernetes-super-admin");
    expect(contexts[0].context.user).toBe("kubernetes-super-admin");
  });

  test("goes to a virtual address where there is one, and where --server says", async () => {
    await place("{ version: 1.36.4, certificates: ecdsa, virtualAddress: { address: 10.77.0.50 } }");
    expect((await cli("kubeconfig", "--bsroot", root)).stdout).toContain("server: https://10.77.0.50:6443\n");
    expect((await cli("kubeconfig", "--bsroot", root, "--server", "https://[fd00::1]:7443/")).stdout).toContain(
      "server: https://[fd00::1]:7443\n",
    );
  });

  test.each(["10.0.0.1:6443", "http://10.0.0.1:6443", "https://me:secret@10.0.0.1", ""])("refuses --server %j", async (server) => {
    expect(await cli("kubeconfig", "--bsroot", root, "--server", server)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/write one as in https:\/\/api\.demo\.lan:6443\n$/),
    });
  });

  test("is written for its owner alone, and never over another", async () => {
    const file = at("admin.conf");
    expect(await cli("kubeconfig", "--bsroot", root, "--out", file)).toEqual({
      code: 0,
      stdout: `wrote ${file}; kubectl --kubeconfig ${file} get nodes\n`,
      stderr: "",
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await read("admin.conf");
    expect(await cli("kubeconfig", "--bsroot", root, "--out", file, "--server", "https://other:6443")).toMatchObject({
      code: 1,
      stderr: `${file} is there already and stays as it is; name another file, or move it away\n`,
    });
    expect(await read("admin.conf")).toBe(text);
  });

  test("is refused where there is no Kubernetes, or no administrator yet", async () => {
    await rm(at("tls/kubernetes/admin.key"));
    expect((await cli("kubeconfig", "--bsroot", root)).stderr).toBe(
      `${at("tls/kubernetes/admin.key")}: is missing; bsroot-builder build makes it\n`,
    );
    await writeFile(at(CONFIG), description());
    expect((await cli("kubeconfig", "--bsroot", root)).stderr).toBe(
      `${at(CONFIG)}: asks for no Kubernetes; write kubernetes.version and build\n`,
    );
  });
});
