/** Which packages an installation needs. */
import { describe, expect, test } from "vitest";
import { type Asked, closure } from "../../../../templates/os/debian/closure.ts";
import { readPackages } from "../../../../templates/os/debian/packages-file.ts";
import { type Deb, stanza } from "./sample-archive.ts";

const needed = (debs: readonly Deb[], asked: Asked = { names: [] }): readonly string[] =>
  closure(readPackages(debs.map((deb) => stanza(deb)).join("\n")), asked).map(({ name, version }) =>
    version === "1" ? name : `${name}=${version}`,
  );

const deb = (name: string, Depends = "", others: object = {}): Deb => ({ Package: name, ...(Depends && { Depends }), ...others });

describe("the base system", () => {
  test("is what is essential, required or important, and nothing of lower rank", () => {
    const debs = [
      deb("bash", "", { Essential: "yes" }),
      deb("mawk", "", { Priority: "required" }),
      deb("udev", "", { Priority: "important" }),
      deb("man-db", "", { Priority: "standard" }),
      deb("vim"),
    ];
    expect(needed(debs)).toEqual(["bash", "mawk", "udev"]);
  });

  test("has what it depends on, before installation and after, however far", () => {
    const debs = [
      deb("bash", "a, b", { Essential: "yes", "Pre-Depends": "c" }),
      deb("a", "d (>= 1)"),
      deb("b", "bash"),
      deb("c"),
      deb("d", "a"),
      deb("e"),
    ];
    expect(needed(debs)).toEqual(["a", "b", "bash", "c", "d"]);
  });

  test("takes the first of two alternatives, as debootstrap does, also when the second is there for another reason", () => {
    const debs = [deb("x", "one | two", { Priority: "required" }), deb("y", "two", { Priority: "required" }), deb("one"), deb("two")];
    expect(needed(debs)).toEqual(["one", "two", "x", "y"]);
  });
});

describe("what is asked for", () => {
  test("needs no second alternative where the base system has one", () => {
    const debs = [
      deb("mawk", "", { Priority: "required", Provides: "awk" }),
      deb("gawk", "", { Provides: "awk" }),
      deb("tool", "gawk | awk"),
    ];
    expect(needed(debs, { names: ["tool"] })).toEqual(["mawk", "tool"]);
  });

  test("brings the first alternative even if another one is asked for too: nobody knows which is installed first", () => {
    const debs = [deb("tool", "one | two"), deb("one"), deb("two")];
    expect(needed(debs, { names: ["two", "tool"] })).toEqual(["one", "tool", "two"]);
  });

  test("passes over alternatives that the archive lacks, or has in another version", () => {
    const debs = [deb("tool", "gone | old (>= 2) | new (>= 2~)"), deb("old"), deb("new", "", { Version: "2-1" })];
    expect(needed(debs, { names: ["tool"] })).toEqual(["new=2-1", "tool"]);
  });

  test("is stood in for by what provides it, of several by the one that more systems have", () => {
    const debs = [
      deb("tool", "mailer"),
      deb("exim", "", { Provides: "mailer" }),
      deb("postfix", "", { Provides: "mailer", Priority: "standard" }),
    ];
    expect(needed(debs, { names: ["tool"] })).toEqual(["postfix", "tool"]);
  });

  test("is not stood in for where a version is asked that nobody promises", () => {
    const debs = [
      deb("tool", "api (>= 2) | other"),
      deb("a", "", { Provides: "api" }),
      deb("b", "", { Provides: "api (= 1)" }),
      deb("other"),
    ];
    expect(needed(debs, { names: ["tool"] })).toEqual(["other", "tool"]);
    expect(needed([...debs, deb("c", "", { Provides: "x, api (= 2.1)" })], { names: ["tool"] })).toEqual(["c", "tool"]);
  });

  test("may be of any processor's package, and is not held up by suggestions", () => {
    const debs = [deb("tool", "python3:any (>= 1), lib:native", { Suggests: "gone", Recommends: "gone" }), deb("python3"), deb("lib")];
    expect(needed(debs, { names: ["tool"] })).toEqual(["lib", "python3", "tool"]);
  });

  test("comes in its newest version when the archive has several", () => {
    expect(needed([deb("tool", "", { Version: "1.9" }), deb("tool", "", { Version: "1.10" })], { names: ["tool"] })).toEqual(["tool=1.10"]);
  });

  test("may be missing only where the installer goes on without", () => {
    expect(needed([deb("tool")], { names: ["tool"], perhaps: ["firmware", "tool"] })).toEqual(["tool"]);
    expect(() => needed([deb("tool")], { names: ["gone"] })).toThrow("this archive has no package gone");
  });

  test("is refused with whoever asks for it when a dependency is missing", () => {
    expect(() => needed([deb("tool", "gone (>= 2) | lost")], { names: ["tool"] })).toThrow(
      "this archive has no gone (>= 2) or lost, which tool depends on; name a mirror that is whole",
    );
  });
});
