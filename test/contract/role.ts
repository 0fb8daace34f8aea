/** What every role must hold to: called once for each by test/templates/registry.test.ts. */
import { describe, expect, test } from "vitest";
import type { BootContext, Role } from "../../cluster/extension.ts";
import type { NodePlan, PlanFile, PlanPiece } from "../../cluster/plan.ts";

export interface RoleSample {
  readonly role: Role;
  /** A listed machine with this role, and one the description does not list. */
  readonly listed: BootContext;
  readonly unlisted: BootContext;
  /** Base and role merged, as the registry makes it. */
  plan(context: BootContext): NodePlan;
}

const secretsOf = ({ files = [] }: PlanPiece): readonly PlanFile[] => files.filter(({ content }) => "secret" in content);

export function roleContract({ role, listed, unlisted, plan }: RoleSample): void {
  describe(`${role.name} is a role`, () => {
    test("it says in a sentence what it does today", () => {
      expect(role.summary).toMatch(/^[a-z].{20,}[^.]$/);
    });

    test("it depends on nothing but its context", () => {
      expect(role.pieces(structuredClone(listed))).toEqual(role.pieces(listed));
    });

    test("its files have absolute, plain paths, and each path once", () => {
      const paths = plan(listed).files.map(({ path }) => path);
      for (const path of paths) expect(path).toMatch(/^(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/);
      expect(new Set(paths).size).toBe(paths.length);
    });

    test("only root reads a key or a token, and nobody but root writes anything", () => {
      for (const { path, mode, content } of plan(listed).files) {
        expect(mode & 0o022, path).toBe(0);
        const isPrivate = "secret" in content && !("tls" in content.secret && content.secret.tls.endsWith(".crt"));
        if (isPrivate) expect(mode, path).toBe(0o600);
      }
    });

    test("a unit it brings is complete and starts by itself", () => {
      for (const { name, contents, enabled } of plan(listed).units) {
        expect(name).toMatch(/^[a-z0-9-]+\.(service|socket|timer|mount|target)$/);
        if (contents !== undefined) expect(contents).toMatch(/^\[Unit\]\n[\s\S]*\[Install\]\nWantedBy=/);
        expect(enabled, name).toBe(true);
      }
    });

    test("what it waits for is a unit", () => {
      for (const unit of plan(listed).readyWhen) expect(unit).toMatch(/^[a-z0-9@-]+\.(service|socket|target)$/);
    });

    test("a machine that is not listed gets no secret", () => {
      if (role.name !== "worker") return;
      expect(secretsOf(plan(unlisted))).toEqual([]);
    });

    test("no text of the plan holds a private key", () => {
      for (const { content } of plan(listed).files) if ("text" in content) expect(content.text).not.toMatch(/PRIVATE KEY/);
    });
  });
}
