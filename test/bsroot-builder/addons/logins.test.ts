/** Who pods are at a registry: from docker's configuration, from a helper, or from an earlier build. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { openFinder } from "../../../bsroot-builder/addons/finder.ts";
import { findLogins, KEPT_LOGINS, type Logins } from "../../../bsroot-builder/addons/logins.ts";
import { configPath, readCredentials } from "../../../bsroot-builder/images/credentials.ts";
import type { Cluster, ImagePullSecret } from "../../../cluster/cluster.ts";
import { writeManifest } from "../../../cluster/kubernetes/manifest.ts";
import { imagePullSecrets } from "../../../templates/addons/image-pull-secrets/addon.ts";
import { rackWith } from "../../templates/addons/sample-add-ons.ts";

const CORP = "registry.corp.lan:5000";
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sextant-logins-"));
  vi.stubEnv("PATH", `${root}:${process.env["PATH"]}`);
  return () => {
    vi.unstubAllEnvs();
    rmSync(root, { recursive: true });
  };
});

const rackOf = (...imagePullSecrets: readonly Partial<ImagePullSecret>[]): Cluster => {
  const rack = rackWith([]);
  const whole = imagePullSecrets.map((one, index) => ({ name: `s${index}`, registry: CORP, namespaces: ["default"], ...one }));
  return { ...rack, kubernetes: { ...rack.kubernetes, imagePullSecrets: whole } };
};
const base64 = (text: string): string => Buffer.from(text).toString("base64");
function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
async function logins(rack: Cluster, config?: object): Promise<Logins> {
  rmSync(join(root, "config.json"), { force: true });
  if (config) put("config.json", JSON.stringify(config));
  const kept = existsSync(join(root, KEPT_LOGINS)) ? readFileSync(join(root, KEPT_LOGINS), "utf8") : "";
  return findLogins(kept, rack, await readCredentials(configPath({ DOCKER_CONFIG: root })));
}

test("docker's own file is read for the registry with its port, and Docker Hub by its old name", async () => {
  const auths = { [CORP]: { auth: base64("me:s3cret") }, "https://index.docker.io/v1/": { auth: base64("hub:p") } };
  const { known, problems, warnings } = await logins(rackOf({}, { registry: "docker.io" }, {}), { auths });
  expect([...known]).toEqual([
    [CORP, base64("me:s3cret")],
    ["docker.io", base64("hub:p")],
  ]);
  expect([problems, warnings]).toEqual([[], []]);
});

test("a credential helper is asked", async () => {
  put("docker-credential-vault", `#!/bin/sh\nread server\nprintf '{"Username":"me","Secret":"for %s"}' "$server"\n`);
  chmodSync(join(root, "docker-credential-vault"), 0o755);
  const { known } = await logins(rackOf({}), { credHelpers: { [CORP]: "vault" } });
  expect(known.get(CORP)).toBe(base64(`me:for ${CORP}`));
});

const WHERE = `kubernetes.imagePullSecrets[0].registry: ${CORP}`;
describe("nobody is known, and the way out is said", () => {
  test.each([
    { when: "without a file", config: undefined, says: "wants a name and a password, and docker's config.json here has none" },
    {
      when: "with another registry's password",
      config: { auths: { "quay.io": { auth: base64("me:x") } } },
      says: "wants a name and a password",
    },
    { when: "with a name and no password", config: { auths: { [CORP]: { auth: base64("me:") } } }, says: "has no name with a password" },
    { when: "with nonsense", config: { auths: { [CORP]: { auth: "%%%" } } }, says: "has no name with a password" },
  ])("$when", async ({ config, says }) => {
    const { known, problems } = await logins(rackOf({}), config);
    expect(problems).toEqual([expect.stringContaining(`${WHERE} ${says}`)]);
    expect(problems[0]).toContain(`log in with docker login ${CORP}, and build again`);
    expect(known.size).toBe(0);
  });

  test("with a helper that is not there", async () => {
    const { problems } = await logins(rackOf({}), { credsStore: "nowhere" });
    expect(problems).toEqual([
      `${WHERE} needs a password that docker-credential-nowhere keeps: there is no such program; install it, or take it out of docker's config.json`,
    ]);
  });

  test("not where no pod pulls, and not without Kubernetes", async () => {
    const { kubernetes, ...rack } = rackOf({});
    const { version: _, ...without } = kubernetes;
    expect(await logins(rackOf())).toEqual({ known: new Map(), problems: [], warnings: [] });
    expect(await logins({ ...rack, kubernetes: without })).toEqual({ known: new Map(), problems: [], warnings: [] });
  });
});

describe("what an earlier build left", () => {
  async function built(rack: Cluster, config: object): Promise<string> {
    const { known } = await logins(rack, config);
    const { find, made } = await openFinder(root, rack, "image-pull-secrets", new Date(), known);
    const settings = {};
    const context = { cluster: rack, kubernetes: "1.36.2", settings, server: { address: rack.network.bootstrapper, http: "", https: "" } };
    const text = writeManifest(imagePullSecrets.secrets!(context, find));
    for (const [path, content] of made) put(path, content);
    put(KEPT_LOGINS, text);
    return text;
  }
  const auths = { [CORP]: { auth: base64("me:first") }, "https://index.docker.io/v1/": { auth: base64("hub:p") } };
  const both = () => rackOf({}, { registry: "docker.io", namespaces: ["shop"] });

  test("counts where nothing newer is here, and that is said without what it is", async () => {
    await built(both(), { auths });
    const { known, problems, warnings } = await logins(both());
    expect([known.get(CORP), known.get("docker.io"), problems]).toEqual([base64("me:first"), base64("hub:p"), []]);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^kubernetes\.imagePullSecrets\[0\]\.registry: registry\.corp\.lan:5000 wants .*; until then tls\/addons\/.* of an earlier build counts$/,
      ),
      expect.stringContaining("kubernetes.imagePullSecrets[1].registry: docker.io"),
    ]);
    expect(warnings.join()).not.toMatch(new RegExp(`first|${base64("me:first")}`));
  });

  test("makes way for what is here, and is not taken for another registry's", async () => {
    await built(both(), { auths });
    expect((await logins(both(), { auths: { [CORP]: { auth: base64("me:second") } } })).known.get(CORP)).toBe(base64("me:second"));
    expect((await logins(rackOf({ registry: "quay.io" }))).problems).toHaveLength(1);
  });

  test("has the same bytes after the same login, and others after another", async () => {
    const first = await built(both(), { auths });
    expect(await built(both(), { auths })).toBe(first);
    expect(await built(both(), { auths: { ...auths, [CORP]: { auth: base64("me:second") } } })).not.toBe(first);
  });

  test.each(["a: [", "[]", "apiVersion: v1\nkind: Secret\nmetadata: { name: x }\ndata: { .dockerconfigjson: bm90IGpzb24= }\n"])(
    "is nothing when it is %j",
    async (text) => {
      put(KEPT_LOGINS, text);
      expect((await logins(rackOf({}))).problems).toHaveLength(1);
    },
  );
});

test("two bsroots with the same password have no hash in common that would tell it", async () => {
  const rack = rackOf({});
  const known = new Map([[CORP, base64("me:summer")]]);
  const texts = await Promise.all(
    ["one", "other"].map(async (folder) => {
      const { find } = await openFinder(join(root, folder), rack, "image-pull-secrets", new Date(), known);
      const context = {
        cluster: rack,
        kubernetes: "1.36.2",
        settings: {},
        server: { address: rack.network.bootstrapper, http: "", https: "" },
      };
      return writeManifest(imagePullSecrets.secrets!(context, find));
    }),
  );
  expect(texts[0]).not.toBe(texts[1]);
});
