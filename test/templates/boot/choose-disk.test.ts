import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DiskRule } from "../../../cluster/cluster.ts";
import { osTarget } from "../../../templates/registry.ts";
import { context, FLATCAR, facts } from "../sample.ts";
import { Bench, SHELLS, type Shell } from "./shells.ts";

/** One line as lsblk 2.38 --pairs writes it. */
const disk = (given: Record<string, string>): string => {
  const all = {
    NAME: "sda",
    PATH: `/dev/${given["NAME"] ?? "sda"}`,
    TYPE: "disk",
    SIZE: "500107862016",
    RM: "0",
    RO: "0",
    TRAN: "sata",
    SERIAL: "",
    WWN: "",
    MODEL: "",
  };
  return Object.entries({ ...all, ...given })
    .map(([key, value]) => `${key}="${value}"`)
    .join(" ");
};
const SSD = disk({ NAME: "sda", SERIAL: "S3Z9NB0K", WWN: "0x5002538e40a1b2c3", MODEL: "Samsung SSD 860", SIZE: "250059350016" });
const HDD = disk({ NAME: "sdb", SERIAL: "WD-WCC4N0", MODEL: "WDC WD20EFRX", SIZE: "2000398934016" });
const NVME = disk({ NAME: "nvme0n1", TRAN: "nvme", SERIAL: "S4EVNX0R", SIZE: "1000204886016" });
const STICK = disk({ NAME: "sda", RM: "1", TRAN: "usb", SERIAL: "4C530001", MODEL: "Ultra Fit", SIZE: "30752000000" });
const FLOPPY = disk({ NAME: "fd0", RM: "1", SIZE: "4096", TRAN: "" });
const CD = disk({ NAME: "sr0", TYPE: "rom", RM: "1", SIZE: "1073741312" });
const LOOP = disk({ NAME: "loop0", TYPE: "loop", SIZE: "400000000", TRAN: "" });
const ZRAM = disk({ NAME: "zram0", SIZE: "4000000000", TRAN: "" });
const EMMC_BOOT = disk({ NAME: "mmcblk0boot0", SIZE: "4194304", RO: "1", TRAN: "" });
const LOCKED = disk({ NAME: "sdc", RO: "1" });
const VIRTIO = disk({ NAME: "vda", TRAN: "virtio", SIZE: "8589934592" });

interface Case {
  readonly when: string;
  readonly disks: readonly string[];
  readonly rule?: Partial<DiskRule>;
  readonly flatcar?: true;
  /** What blockdev --getss says of every disk. */
  readonly sectors?: string;
  /** As in /proc/mounts. */
  readonly mounts?: readonly string[];
  /** PATH IDENTITY, or the refusal. */
  readonly takes: string | RegExp;
}

const CASES: readonly Case[] = [
  {
    when: "the live system runs from the first",
    disks: [SSD, HDD],
    mounts: ["/dev/sda1 /run/live/medium iso9660 ro 0 0"],
    takes: "/dev/sdb serial-WD-WCC4N0",
  },
  {
    when: "another disk's name begins like the live system's",
    disks: [disk({ NAME: "nvme0n1", SERIAL: "A" })],
    mounts: ["/dev/nvme0n10p1 / ext4 rw 0 0"],
    takes: "/dev/nvme0n1 serial-A",
  },
  {
    when: "an old system of the disk is mounted",
    disks: [SSD],
    mounts: ["/dev/sda6 /usr/share/oem btrfs rw 0 0"],
    takes: "/dev/sda serial-S3Z9NB0K",
  },
  { when: "there is one disk", disks: [SSD], takes: "/dev/sda serial-S3Z9NB0K" },
  { when: "a stick comes first", disks: [STICK, HDD], takes: "/dev/sdb serial-WD-WCC4N0" },
  {
    when: "there is everything that is no disk",
    disks: [FLOPPY, CD, LOOP, ZRAM, EMMC_BOOT, LOCKED, NVME],
    takes: "/dev/nvme0n1 serial-S4EVNX0R",
  },
  { when: "the first may be taken", disks: [HDD, SSD, NVME], rule: { pick: "first" }, takes: "/dev/sdb serial-WD-WCC4N0" },
  { when: "the smallest is wanted", disks: [HDD, SSD, NVME], rule: { pick: "smallest" }, takes: "/dev/sda serial-S3Z9NB0K" },
  { when: "the largest is wanted", disks: [SSD, HDD, NVME], rule: { pick: "largest" }, takes: "/dev/sdb serial-WD-WCC4N0" },
  {
    when: "two disks are equally small",
    disks: [disk({ NAME: "sdx", SIZE: "9000000000" }), disk({ NAME: "sdy", SIZE: "9000000000" })],
    rule: { pick: "smallest" },
    takes: "/dev/sdx path-/dev/sdx-9000000000",
  },
  { when: "a size is the least wanted", disks: [SSD, HDD], rule: { minSize: 500_000_000_000 }, takes: "/dev/sdb serial-WD-WCC4N0" },
  { when: "a size is the most wanted", disks: [HDD, SSD], rule: { maxSize: 500_000_000_000 }, takes: "/dev/sda serial-S3Z9NB0K" },
  {
    when: "both sizes are given exactly",
    disks: [VIRTIO],
    rule: { minSize: 8589934592, maxSize: 8589934592 },
    takes: "/dev/vda path-/dev/vda-8589934592",
  },
  { when: "a device is named", disks: [SSD, HDD], rule: { device: "/dev/sdb" }, takes: "/dev/sdb serial-WD-WCC4N0" },
  {
    when: "the named device is a stick",
    disks: [STICK, HDD],
    rule: { device: "/dev/sda" },
    takes: /\/dev\/sda is removable; \/dev\/sdb is not \/dev\/sda/,
  },
  {
    when: "the named device is not there",
    disks: [SSD],
    rule: { device: "/dev/vda" },
    takes: /no disk fits: \/dev\/sda is not \/dev\/vda/,
  },
  { when: "a serial number is given", disks: [SSD, HDD], rule: { serial: "WD-WCC4N0" }, takes: "/dev/sdb serial-WD-WCC4N0" },
  { when: "the serial number is a stick's", disks: [STICK, HDD], rule: { serial: "4C530001" }, takes: "/dev/sda serial-4C530001" },
  {
    when: "the serial number is only part of one",
    disks: [HDD],
    rule: { serial: "WD-WCC" },
    takes: /has serial 'WD-WCC4N0', not 'WD-WCC'/,
  },
  { when: "a disk has no serial but a WWN", disks: [disk({ WWN: "0x5000c500a1b2c3d4" })], takes: "/dev/sda wwn-0x5000c500a1b2c3d4" },
  {
    when: "two disks share a serial",
    disks: [disk({ NAME: "sda", SERIAL: "0123456789" }), disk({ NAME: "sdb", SERIAL: "0123456789" })],
    takes: "/dev/sda path-/dev/sda-500107862016",
  },
  {
    when: "a serial holds what a shell would run",
    disks: [disk({ SERIAL: "\\x24(reboot)\\x60x\\x60'; x" })],
    takes: "/dev/sda serial-\\x24(reboot)\\x60x\\x60'; x",
  },
  {
    when: "a model pretends to be more columns",
    disks: [disk({ NAME: "sdz", SIZE: "9000000000", MODEL: "x RM=\\x221\\x22" })],
    takes: "/dev/sdz path-/dev/sdz-9000000000",
  },
  { when: "a card reader is empty", disks: [disk({ NAME: "sdd", SIZE: "0" }), VIRTIO], takes: "/dev/vda path-/dev/vda-8589934592" },
  { when: "there is none", disks: [], takes: /no disk fits: there is none at all; change 'disk' of cp-1/ },
  {
    when: "the disk is too small for Flatcar",
    disks: [disk({ NAME: "vda", SIZE: "7999999999" })],
    flatcar: true,
    takes: /\/dev\/vda is smaller \(7\.9 GB\) than 8\.0 GB/,
  },
  {
    when: "the disk has larger sectors than Flatcar's image",
    disks: [NVME],
    flatcar: true,
    sectors: "4096",
    takes: /\/dev\/nvme0n1 has sectors of 4096 bytes, and the image is made for 512/,
  },
  { when: "the disk has Flatcar's sectors", disks: [NVME], flatcar: true, sectors: "512", takes: "/dev/nvme0n1 serial-S4EVNX0R" },
  { when: "nobody can say the sectors", disks: [NVME], flatcar: true, takes: "/dev/nvme0n1 serial-S4EVNX0R" },
  { when: "nobody knows what sectors the image is for", disks: [NVME], sectors: "4096", takes: "/dev/nvme0n1 serial-S4EVNX0R" },
];

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => {
  bench.clear();
});

async function choose(shell: Shell, { disks, rule = {}, flatcar, sectors = "", mounts = [] }: Case): Promise<string> {
  const given = context({ disk: { pick: "first", wipe: "blank", ...rule }, ...(flatcar && { os: FLATCAR }) });
  const script = osTarget(given.os).installScript(given, facts());
  bench.write("disks", disks.map((line) => `${line}\n`).join(""));
  bench.command("blockdev", `[ "$1" = --getss ] && echo '${sectors}'`);
  bench.write("mounts", mounts.map((line) => `${line}\n`).join(""));
  const decide = `WORK=$LAB; (choose_disk && printf '%s %s' "$DISK" "$DISK_ID" >"$LAB/chosen") || printf '%s' "$(cat "$LAB/reason")" >"$LAB/chosen"`;
  const { output } = await bench.run(shell, script.replace(/\nmain\n$/, `\n${decide}\n`));
  expect(output).not.toMatch(/not found|syntax|unexpected/i);
  return bench.read("chosen").toString();
}

describe.each(Object.keys(SHELLS) as Shell[])("install.sh chooses a disk in %s", (shell) => {
  test.each(CASES)("when $when", async (given) => {
    const chosen = await choose(shell, given);
    if (typeof given.takes === "string") expect(chosen).toBe(given.takes);
    else expect(chosen).toMatch(given.takes);
  });
});
