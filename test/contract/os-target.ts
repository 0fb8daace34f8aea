/** What every OS target must hold to: called once for each by test/templates/registry.test.ts. */
import { describe, expect, test } from "vitest";
import { NOWHERE } from "../../cluster/address.ts";
import type { Architecture, Os } from "../../cluster/cluster.ts";
import type { Artifact, BootContext, OsTarget } from "../../cluster/extension.ts";
import { layout } from "../../cluster/layout.ts";
import type { ResolvedPlan } from "../../cluster/plan.ts";
import { follow, noPages, type Pages } from "../support/follow.ts";

export interface OsTargetSample {
  readonly target: OsTarget;
  readonly os: Os;
  /** A listed machine that runs this OS. */
  readonly context: BootContext;
  readonly plan: ResolvedPlan;
  /** The lists its artifacts are named in, where it has any. */
  readonly pages?: Pages;
}

const ARCHITECTURES: readonly Architecture[] = ["amd64", "arm64"];

export function osTargetContract({ target, os, context, plan, pages = noPages }: OsTargetSample): void {
  const everything = (of: Os, architecture: Architecture): readonly Artifact[] => [
    ...target.artifacts(of, architecture),
    ...follow(target.indexes?.(of, architecture) ?? [], pages),
  ];
  const artifacts = everything(os, context.machine.architecture);
  const served = new Set(artifacts.map(({ path }) => path));
  const known = {
    sha256: (path: string) => hashOf(path, served),
    size: (path: string) => hashOf(path, served).length,
    ours: [],
    mayWipe: false,
  };
  const { https, http } = context.server;

  describe(`${target.name} is an OS target`, () => {
    test("its name is the one descriptions use", () => {
      expect(target.name).toBe(os.target);
    });

    test.each(ARCHITECTURES)("its artifacts have plain places below html/static, each once, on %s", (architecture) => {
      const paths = everything(os, architecture).map(({ path }) => path);
      expect(paths.length).toBeGreaterThan(0);
      expect(new Set(paths).size).toBe(paths.length);
      for (const path of paths) expect(path).toMatch(/^html\/static(\/[A-Za-z0-9][A-Za-z0-9._+~^-]*)+$/);
    });

    test("every artifact says where it comes from and how it is checked", () => {
      for (const { url, verify } of artifacts) {
        expect(new URL(url).protocol).toMatch(/^(https?|file):$/);
        if (verify.by === "openpgp") expect(verify.fingerprint).toMatch(/^[0-9A-F]{40}$/);
        if (verify.by === "sha256") expect(verify.sha256).toMatch(/^[0-9a-f]{64}$/);
      }
    });

    test("the same description gives the same artifacts", () => {
      expect(everything(structuredClone(os), context.machine.architecture)).toEqual(artifacts);
    });

    test("its live system boots from files the builder fetched", () => {
      const { kernel, initrds } = target.live(context);
      expect(initrds.length).toBeGreaterThan(0);
      for (const path of [kernel, ...initrds]) expect(served).toContain(`${layout.static}/${path}`);
    });

    test("its kernel arguments are single words that name this server and this machine", () => {
      const args = target.live(context).args;
      for (const arg of args) expect(arg).toMatch(/^[!-~]+$/);
      expect(args.join(" ")).toContain(`${http}/`);
      expect(args.join(" ")).toContain(context.machine.mac.replaceAll(":", "-"));
    });

    test("its install script checks the hash the manifest knows", () => {
      expect(target.installScript(context, known)).toContain(
        hashOf(
          [...served].find((path) => /(image\.bin\.bz2|\.raw\.(zst|xz)|\.iso|\/repodata\/repomd\.xml|\/Release)$/.test(path))!,
          served,
        ),
      );
    });

    test("its install script reports over TLS and fetches its configuration last", () => {
      const script = target.installScript(context, known);
      expect(script).toContain(https);
      expect(script).toContain(context.server.ca.trim());
      const main = script.slice(script.indexOf("\nmain()"));
      const steps = [
        "set_clock",
        "get_token",
        "choose_disk",
        "check_disk",
        "phase=installing",
        ...(script.includes("write_image") ? ["write_image", "place_config"] : ["configure_system"]),
        "phase=installed",
      ];
      const places = steps.map((step) => main.indexOf(step));
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(places).not.toContain(-1);
    });

    test("stage one and the install script carry nothing that a plan calls secret", () => {
      const secrets = plan.files
        .filter(({ mode }) => (mode & 0o077) === 0)
        .flatMap(({ content }) => ("bytes" in content ? [text(content.bytes)] : []));
      expect(secrets.length).toBeGreaterThan(0);
      const stageOne = `${target.stageOne?.(context) ?? ""}${target.installScript(context, known)}`;
      for (const secret of secrets) expect(stageOne).not.toContain(secret.trim());
    });

    test("its configuration is JSON or a script, the same each time, whatever the order of the plan", () => {
      const { contentType, body } = target.config(plan);
      const shuffled = { ...plan, files: [...plan.files].reverse(), units: [...plan.units].reverse(), users: [...plan.users].reverse() };
      expect(contentType).toMatch(/^[a-z]+\/[a-z0-9.+-]+(;.*)?$/);
      expect(target.config(shuffled).body).toBe(body);
      if (contentType === "text/x-shellscript") expect(body).toMatch(/^#!\/bin\/sh\n/);
      else expect(JSON.parse(body)).toBeTypeOf("object");
    });

    test("a version it must look up is read out of a page, or refused", () => {
      const query = target.latest("version" in os ? ({ ...os, version: "current" } as Os) : os, "amd64");
      if (!query) return;
      expect(new URL(query.url).protocol).toBe("https:");
      expect(() => query.read("<html>please log in</html>")).toThrow(/version/);
    });

    test("an address it does not know never appears", () => {
      expect(target.live(context).args.join(" ")).not.toContain(NOWHERE);
    });
  });
}

/** A different hash for each file, and an error for a file that nobody fetched. */
function hashOf(path: string, served: ReadonlySet<string>): string {
  const at = [...served].indexOf(path);
  if (at < 0) throw new Error(`${path} is not among the artifacts`);
  return at.toString(16).padStart(64, "d");
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
