import { describe, expect, test, vi } from "vitest";
import { type ChildSettings, runChild } from "../../bootstrapper/child.ts";

/** A shell that runs `script`, and everything that was told of it. */
function shell(script: string, more: Partial<ChildSettings> = {}) {
  const lines: string[] = [];
  const troubles: string[] = [];
  const child = runChild({
    command: "sh",
    args: ["-c", script],
    onLine: (line) => lines.push(line),
    onTrouble: (because) => troubles.push(because),
    soonest: 5,
    ...more,
  });
  return { child, lines, troubles };
}

describe("a child", () => {
  test("is heard line by line", async () => {
    const { child, lines } = shell("echo one; echo two >&2; sleep 60");
    await vi.waitFor(() => expect([...lines].sort()).toEqual(["one", "two"]));
    expect((await child).trouble()).toBeUndefined();
    await (await child).close();
  });

  test("that ends is started again, and its trouble told once", async () => {
    const { child, lines, troubles } = shell("echo up; exit 3");
    await vi.waitFor(() => expect(lines.length).toBeGreaterThan(3));
    expect(troubles).toEqual(["sh ended with code 3"]);
    await (await child).close();
  });

  test("that was killed is started again", async () => {
    const { child, troubles } = shell("exec sleep 60");
    const before = (await child).pid!;
    process.kill(before, "SIGKILL");
    await vi.waitFor(async () => {
      const now = (await child).pid;
      expect(now).toBeDefined();
      expect(now).not.toBe(before);
    });
    expect(troubles).toEqual(["sh ended with SIGKILL"]);
    await (await child).close();
  });

  test("that is not there is said to be missing", async () => {
    const { child, troubles } = shell("", { command: "no-such-program" });
    expect((await child).trouble()).toBe("no-such-program is not installed");
    expect(troubles).toEqual(["no-such-program is not installed"]);
    await (await child).close();
  });

  test("waits while something hinders it, and starts when that is over", async () => {
    let hindrance: string | undefined = "the port is taken";
    const { child, lines } = shell("echo up; exec sleep 60", { hindrance: async () => hindrance });
    expect((await child).trouble()).toBe("the port is taken");
    expect(lines).toEqual([]);
    hindrance = undefined;
    await vi.waitFor(() => expect(lines).toEqual(["up"]));
    expect((await child).trouble()).toBeUndefined();
    await (await child).close();
  });

  test("ends with us, even when it would rather not", async () => {
    const { child, lines } = shell("trap '' TERM; echo deaf; while :; do sleep 0.1; done");
    await vi.waitFor(() => expect(lines).toEqual(["deaf"]));
    const { pid, close } = await child;
    await close();
    expect(() => process.kill(pid!, 0)).toThrow("ESRCH");
  });
});
