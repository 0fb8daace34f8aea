/** Control planes that lose their power, one after the other: what goes on without them, and that they come back as they were. */
import { expect, test } from "vitest";
import { etcdctl } from "./etcd.ts";
import { machineOf, on, type Story, until } from "./story.ts";
import { answering, holders, startApi } from "./virtual-address.ts";

/** Declares the tests, each of which goes on where the one before ended. All machines are members of etcd; there are two control planes, one under BIOS and one under UEFI. */
export function powerFails(
  story: () => Story,
  { planes, workers }: { readonly planes: readonly string[]; readonly workers: readonly string[] },
): void {
  const members = [...planes, ...workers];
  const BOOT_ID = "cat /proc/sys/kernel/random/boot_id";
  const before = new Map<string, { boot: string; said: number }>();
  const cut = async (name: string) => {
    before.set(name, { boot: await on(story(), name, `${BOOT_ID}; sudo sync`), said: story().rack.machine(name).serialText().length });
    await story().rack.machine(name).cutPower();
  };
  let holder: string;
  let other: string;
  /** Both may take the address in the same second; then the one that was described later gives it back. */
  const settled = async () => {
    const first = await holders(story(), planes);
    const answered = await answering(story());
    const then = await holders(story(), planes);
    return planes.includes(answered) && first.length === 1 && then.join() === first.join() ? first[0] : undefined;
  };

  test("nobody holds the address before an API server answers; then one control plane does, and leads to one that is believed", async () => {
    expect(await holders(story(), planes)).toEqual([]);
    await Promise.all(planes.map((name) => startApi(story(), name)));
    holder = await until("one control plane to hold the address and to keep it", settled);
    other = planes.find((name) => name !== holder)!;
  });

  test("the holder's address moves to the other control plane, and two of three members of etcd go on", async () => {
    await cut(holder);
    await until(`${other} to hold the address`, () => someone(holders(story(), [other])));
    await until(`${other} to answer at the address`, async () => ((await answering(story())) === other ? true : undefined));
    await until("etcd to take a change", () => etcdctl(story(), [other, ...workers], "put", "written", `without ${holder}`));
    expect(await etcdctl(story(), workers, "get", "--print-value-only", "written")).toBe(`without ${holder}`);
  });

  test("a power cycle boots the disk and installs nothing, under BIOS and under UEFI", async () => {
    story().rack.machine(holder).powerOn();
    await cut(other);
    story().rack.machine(other).powerOn();
    for (const name of planes) {
      const { boot, said } = before.get(name)!;
      const since = () => story().rack.machine(name).serialText().slice(said);
      await until(`${name} to report again`, async () => (since().includes("reported ready") ? true : undefined));
      expect(await on(story(), name, BOOT_ID)).not.toBe(boot);
      expect(since()).not.toMatch(/sextant live:|takes \/dev/);
      expect(await machineOf(story(), name)).toMatchObject({ phase: "ready", nextBoot: { do: "local" } });
    }
  });

  test("every member of etcd is back, healthy, and has what was written while it was away", async () => {
    await until("all members to be healthy", () => etcdctl(story(), members, "endpoint", "health").then(() => true));
    for (const name of members) expect(await etcdctl(story(), [name], "get", "--print-value-only", "written")).toBe(`without ${holder}`);
  });
}

/** undefined while there is nobody. */
const someone = async (names: Promise<readonly string[]>): Promise<readonly string[] | undefined> => {
  const found = await names;
  return found.length > 0 ? found : undefined;
};
