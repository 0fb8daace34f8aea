import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { readCredentials } from "../../../bsroot-builder/images/credentials.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sextant-credentials-"));
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  return () => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  };
});

const config = (value: object) => {
  writeFileSync(join(folder, "config.json"), JSON.stringify(value));
  return readCredentials(join(folder, "config.json"));
};
/** Notes what it is asked, and answers with what the script says. */
function program(name: string, script: string): void {
  const path = join(folder, `docker-credential-${name}`);
  writeFileSync(path, `#!/bin/sh\nread server\necho "$1 $server" >> ${folder}/asked\n${script}\n`);
  chmodSync(path, 0o755);
}
const basic = (pair: string) => Buffer.from(pair).toString("base64");
const PASSWORD = `printf '{"ServerURL":"%s","Username":"me","Secret":"s3cret"}' "$server"`;

test("what docker login wrote counts for its host, Docker Hub by its old name too", async () => {
  const found = await config({ auths: { "https://index.docker.io/v1/": { auth: "aHVi" }, "quay.io": { auth: "cXVheQ==" } } });
  expect([await found.basicFor("registry-1.docker.io"), await found.basicFor("quay.io"), await found.basicFor("ghcr.io")]).toEqual([
    "aHVi",
    "cXVheQ==",
    undefined,
  ]);
});

test("a helper of one host is asked for that host, once", async () => {
  program("ecr-login", PASSWORD);
  const found = await config({ credHelpers: { "1.dkr.ecr.aws": "ecr-login" }, auths: { "1.dkr.ecr.aws": {} } });
  expect([await found.basicFor("1.dkr.ecr.aws"), await found.basicFor("1.dkr.ecr.aws")]).toEqual([basic("me:s3cret"), basic("me:s3cret")]);
  expect(await found.basicFor("quay.io")).toBeUndefined();
  const { readFileSync } = await import("node:fs");
  expect(readFileSync(join(folder, "asked"), "utf8")).toBe("get 1.dkr.ecr.aws\n");
});

test("the store of all hosts knows Docker Hub by its old name", async () => {
  program("desktop", `[ "$server" = https://index.docker.io/v1/ ] && ${PASSWORD}`);
  expect(await (await config({ credsStore: "desktop" })).basicFor("registry-1.docker.io")).toBe(basic("me:s3cret"));
});

test("a store that knows nobody leaves it to what docker login wrote", async () => {
  program("pass", "echo credentials not found in native keychain; exit 1");
  expect(await (await config({ credsStore: "pass", auths: { "quay.io": { auth: "cXVheQ==" } } })).basicFor("quay.io")).toBe("cXVheQ==");
});

test.each([
  { when: "is not installed", script: undefined, says: "docker-credential-x keeps: there is no such program; install it" },
  { when: "fails", script: "echo s3cret; exit 3", says: "docker-credential-x keeps: it failed (3)" },
  { when: "answers nonsense", script: "echo s3cret", says: "docker-credential-x does not answer with one; try docker login quay.io" },
  {
    when: "has an identity token",
    script: `printf '{"Username":"<token>","Secret":"s3cret"}'`,
    says: "has an identity token, which is not one; log in with docker login -u NAME quay.io",
  },
])("a helper that $when is told, without what it keeps", async ({ script, says }) => {
  if (script !== undefined) program("x", script);
  const failure: Error = await (await config({ credHelpers: { "quay.io": "x" } })).basicFor("quay.io").then(
    () => new Error("it answered"),
    (error) => error,
  );
  expect(failure.message).toContain(says);
  expect(failure.message).not.toContain("s3cret");
});

test("a helper whose name leads elsewhere is no helper", async () => {
  await expect(config({ credsStore: "../../bin/sh" })).rejects.toThrow("is no name of a docker-credential program");
});
