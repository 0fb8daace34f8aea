/** What add-ons' Secrets are made of, judged by openssl. */
import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openFinder } from "../../../bsroot-builder/addons/finder.ts";
import { issued, selfSigned } from "../../../bsroot-builder/pki/certificate.ts";
import { newKey, publicOf } from "../../../bsroot-builder/pki/keys.ts";
import { layout } from "../../../cluster/layout.ts";
import { cluster } from "../../templates/sample.ts";

const DAY = 86_400_000;
const now = new Date();
const rack = cluster([]);
let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "sextant-finder-"));
  await newAuthority();
});
afterEach(() => rmSync(root, { recursive: true }));

async function newAuthority(): Promise<void> {
  const key = await newKey("ecdsa", "lasting");
  const validity = { from: new Date(now.getTime() - DAY), to: new Date(now.getTime() + 3650 * DAY) };
  const request = {
    subject: { commonName: "Sextant CA" },
    publicKey: publicOf(key),
    validity,
    purpose: "ca",
    alternatives: { names: [], addresses: [] },
  } as const;
  put(layout.tls.caKey, key);
  put(layout.tls.ca, selfSigned(request, key));
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const DOMAINS = ["apps.demo.lan", "svc.cluster.local", "svc"];
async function issuer(domains: readonly string[] = DOMAINS, at = now) {
  const { find, made } = await openFinder(root, rack, "cert-manager", at);
  const found = find.issuer("issuer", domains);
  for (const [path, text] of made) put(path, text);
  return { ...found, made: [...made.keys()] };
}

/** What openssl says of a certificate that the issuer signs for such a name. */
function judged(
  { certificate, key }: { certificate: string; key: string },
  names: readonly string[],
  addresses: readonly string[],
): string {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const validity = { from: new Date(now.getTime() - DAY), to: new Date(now.getTime() + DAY) };
  const request = {
    subject: { commonName: names[0] ?? "x" },
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    validity,
  } as const;
  put("leaf.pem", issued({ ...request, purpose: "server", alternatives: { names, addresses } }, { certificate, privateKey: key }));
  put("issuer.pem", certificate);
  const run = spawnSync("openssl", ["verify", "-x509_strict", "-CAfile", layout.tls.ca, "-untrusted", "issuer.pem", "leaf.pem"], {
    cwd: root,
    encoding: "utf8",
  });
  return run.status === 0 ? "good" : run.stderr;
}

describe("the authority below ours", () => {
  test.each([
    { names: ["shop.apps.demo.lan"], addresses: [], says: /^good$/ },
    { names: ["web.default.svc", "web.default.svc.cluster.local"], addresses: [], says: /^good$/ },
    { names: ["bootstrapper.demo.lan"], addresses: [], says: /permitted subtree violation/ },
    { names: ["api.demo.lan"], addresses: [], says: /permitted subtree violation/ },
    { names: ["shop.apps.demo.lan"], addresses: ["10.0.0.1"], says: /excluded subtree violation/ },
  ])("signs $names $addresses: $says", async ({ names, addresses, says }) => {
    expect(judged(await issuer(), names, addresses)).toMatch(says);
  });

  test("makes no further authority", async () => {
    const { certificate } = await issuer();
    put("issuer.pem", certificate);
    expect(
      execFileSync("openssl", ["x509", "-in", join(root, "issuer.pem"), "-noout", "-ext", "basicConstraints,nameConstraints"], {
        encoding: "utf8",
      }),
    ).toMatch(/critical\s+CA:TRUE, pathlen:0[\s\S]*critical\s+Permitted:\s+DNS:apps\.demo\.lan/);
  });

  test("is made once and kept; with another CA, other domains, or near its end it has another certificate and the same key", async () => {
    const first = await issuer();
    expect(first.made).toEqual(["tls/addons/cert-manager/issuer.key", "tls/addons/cert-manager/issuer.crt"]);
    expect(await issuer()).toEqual({ ...first, made: [] });
    for (const change of [
      () => issuer(["other.lan"]),
      () => issuer(DOMAINS, new Date(now.getTime() + 700 * DAY)),
      () => newAuthority().then(() => issuer()),
    ]) {
      const after = await change();
      expect([after.key === first.key, after.made]).toEqual([true, ["tls/addons/cert-manager/issuer.crt"]]);
    }
  });
});

test("a password is made once, is long, and is kept in a file that people can read", async () => {
  const ask = async () => {
    const { find, made } = await openFinder(root, rack, "kube-prometheus", now);
    const password = find.password("grafana-password");
    for (const [path, text] of made) put(path, text);
    return { password, made: [...made] };
  };
  const { password, made } = await ask();
  expect(password).toMatch(/^[\w-]{32}$/);
  expect(made).toEqual([["tls/addons/kube-prometheus/grafana-password", `${password}\n`]]);
  expect(await ask()).toEqual({ password, made: [] });
});

test("a DNS key that is not there is named", async () => {
  const { find } = await openFinder(root, rack, "external-dns", now);
  expect(() => find.tsig("cluster")).toThrow("external-dns: tls/dns/cluster.key is missing or no TSIG key");
});
