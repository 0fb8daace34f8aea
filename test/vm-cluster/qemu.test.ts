import { expect, test } from "vitest";
import { mac } from "../../cluster/address.ts";
import type { DiskRule } from "../../cluster/cluster.ts";
import { disksFor, type Hardware, qemuArguments, type Sockets } from "../../vm-cluster/qemu.ts";

const MAC = mac("52:54:00:77:00:01");
const rule = (more: Partial<DiskRule> = {}): DiskRule => ({ pick: "first", wipe: "blank", ...more });
const hardware = (more: Partial<Hardware> = {}): Hardware => ({
  name: "cp-1",
  mac: MAC,
  firmware: "bios",
  memory: 640,
  disks: disksFor(rule(), MAC),
  ...more,
});
const sockets: Sockets = { port: "port0", serial: "/run/s", qmp: "/run/q", variables: "/v.fd", disk: (index) => `/disk${index}.raw` };
const line = (more: Partial<Hardware> = {}) => qemuArguments(hardware(more), sockets, "tcg").join(" ");

test("a BIOS machine boots its card's iPXE first, and speaks on the serial port because it has no screen", () => {
  expect(line()).toContain("-machine pc,graphics=off");
  expect(line()).toContain("-device virtio-net-pci,netdev=net,mac=52:54:00:77:00:01,bootindex=1 ");
});

test("a UEFI machine has its own variables, and no iPXE on its card, so that OVMF's PXE client boots", () => {
  expect(line({ firmware: "uefi" })).toContain("file=/v.fd");
  expect(line({ firmware: "uefi" })).toContain("bootindex=1,romfile=");
});

test("a 32-bit, an arm64 and a locked machine each have their own board, firmware and variables", () => {
  expect(line({ firmware: "uefi-ia32" })).toMatch(/q35,smm=on .*OVMF32_CODE/);
  expect(line({ firmware: "uefi-secure-boot" })).toMatch(/property=secure,value=on .*OVMF_CODE_4M\.ms/);
  expect(qemuArguments(hardware({ firmware: "uefi-arm64" }), sockets, "kvm").join(" ")).toMatch(
    /tcg.*cortex-a57.*-machine virt .*AAVMF_CODE/,
  );
});

test("a machine that boots by HTTP is refused PXE, and one may have an Intel card", () => {
  expect(line({ firmware: "uefi", httpBoot: true })).toContain("-fw_cfg name=opt/org.tianocore/IPv4PXESupport,string=n");
  expect(line({ firmware: "uefi" })).not.toContain("-fw_cfg");
  expect(line({ card: "e1000" })).toContain("-device e1000,netdev=net,mac=52:54:00:77:00:01,bootindex=1 ");
});

test("an iPXE that is told what to do stands in for the card's own", () => {
  expect(line({ ipxe: "dhcp" })).toMatch(/romfile= -kernel \S+ipxe.lkrn -append dhcp/);
});

test("the network comes before every disk", () => {
  const order = [...line({ disks: disksFor(rule({ device: "/dev/sdb" }), MAC) }).matchAll(/bootindex=(\d)/g)].map(([, index]) => index);
  expect(order).toEqual(["1", "2", "3"]);
});

test("a machine keeps its UUID for ever, and no other has it", () => {
  const uuid = (text: string) => /-uuid (\S+)/.exec(text)?.[1];
  expect(uuid(line())).toBe(uuid(line()));
  expect(uuid(line())).not.toBe(uuid(line({ mac: mac("52:54:00:77:00:02") })));
  expect(uuid(line())).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a wrong clock can be given", () => {
  expect(line({ clock: "2016-01-01T00:00:00" })).toContain("-rtc base=2016-01-01T00:00:00");
  expect(line()).not.toContain("-rtc");
});

test.each([
  { when: "names no disk", given: rule(), expected: ["virtio"] },
  { when: "names /dev/vda", given: rule({ device: "/dev/vda" }), expected: ["virtio"] },
  { when: "names /dev/sda", given: rule({ device: "/dev/sda" }), expected: ["scsi"] },
  { when: "names the second SCSI disk", given: rule({ device: "/dev/sdb" }), expected: ["scsi", "scsi"] },
  { when: "names the first NVMe disk", given: rule({ device: "/dev/nvme0n1" }), expected: ["nvme"] },
  { when: "names a link", given: rule({ device: "/dev/disk/by-id/ata-x" }), expected: ["virtio"] },
])("a rule that $when is given $expected", ({ given, expected }) => {
  expect(disksFor(given, MAC).map(({ bus }) => bus)).toEqual(expected);
});

test("the disk fits the rule's sizes and has the serial number it asks for", () => {
  const [first, second] = disksFor(rule({ device: "/dev/sdb", serial: "S3Z8NB0K", minSize: 20e9 }), MAC);
  expect(second).toMatchObject({ serial: "S3Z8NB0K" });
  expect(second!.size).toBeGreaterThanOrEqual(20e9);
  expect(first!.serial).not.toBe(second!.serial);
  expect(disksFor(rule({ maxSize: 3e9 }), MAC)[0]!.size).toBeLessThanOrEqual(3e9);
});

test("every disk ends on a sector, and is not smaller than asked", () => {
  for (const minSize of [5e9, 20e9, 2 ** 35 + 1]) {
    const [disk] = disksFor(rule({ minSize }), MAC);
    expect(disk!.size % 512).toBe(0);
    expect(disk!.size).toBeGreaterThanOrEqual(minSize);
  }
});
