/** One machine as QEMU's command line. */
import { createHash } from "node:crypto";
import type { Mac } from "../cluster/address.ts";
import type { DiskRule } from "../cluster/cluster.ts";
import { boardOf, type Firmware } from "./firmware.ts";

export type Accelerator = "kvm" | "tcg";

/** iPXE as a kernel: what QEMU starts in place of the card's ROM. */
const IPXE = "/boot/ipxe.lkrn";

export interface Hardware {
  readonly name: string;
  readonly mac: Mac;
  readonly firmware: Firmware;
  /** MiB. */
  readonly memory: number;
  /** 1 when absent. */
  readonly processors?: number;
  readonly disks: readonly Disk[];
  /** virtio when absent. */
  readonly card?: "virtio" | "e1000";
  /** A BIOS without network boot, whose card is driven by an iPXE that does what this command line says, and is firmware to what it loads. */
  readonly ipxe?: string;
  /** Its UEFI boots by HTTP; otherwise PXE comes first. */
  readonly httpBoot?: boolean;
  /** What its battery-backed clock says when it is powered on, as QEMU's -rtc base= takes it; the host's time when absent. */
  readonly clock?: string;
}

export interface Disk {
  readonly bus: "virtio" | "scsi" | "nvme";
  /** Bytes. */
  readonly size: number;
  readonly serial: string;
}

/** Where the machine touches this host. All are paths but `port`, a tap interface. */
export interface Sockets {
  readonly port: string;
  readonly serial: string;
  readonly qmp: string;
  readonly variables: string;
  disk(index: number): string;
}

export function qemuArguments(hardware: Hardware, sockets: Sockets, accelerator: Accelerator): readonly string[] {
  const { name, mac, firmware, memory, processors = 1, disks, card = "virtio", httpBoot, ipxe, clock } = hardware;
  return [
    ...["-name", name, "-uuid", uuidOf(mac), "-nodefaults", "-no-user-config", "-display", "none"],
    ...speed(firmware, accelerator, { processors, memory }),
    ...["-m", `${memory}`, "-smp", `${processors}`, "-device", "virtio-rng-pci"],
    ...(clock ? ["-rtc", `base=${clock}`] : []),
    // As a client QEMU waits for the recorder, so no line is lost.
    ...["-chardev", `socket,id=serial,path=${sockets.serial},reconnect=1`, "-serial", "chardev:serial"],
    ...["-qmp", `unix:${sockets.qmp},server=on,wait=off`],
    ...board(firmware, sockets.variables),
    ...["-netdev", `tap,id=net,ifname=${sockets.port},script=no,downscript=no`],
    // An empty romfile takes QEMU's iPXE off the card, so that OVMF's own PXE client is what boots.
    ...[
      "-device",
      `${card === "virtio" ? "virtio-net-pci" : card},netdev=net,mac=${mac},bootindex=1${firmware === "bios" && !ipxe ? "" : ",romfile="}`,
    ],
    ...(ipxe ? ["-kernel", IPXE, "-append", ipxe] : []),
    // EDK2 asks QEMU whether it may (OvmfPkg/README, "Network Support").
    ...(httpBoot ? [4, 6].flatMap((version) => ["-fw_cfg", `name=opt/org.tianocore/IPv${version}PXESupport,string=n`]) : []),
    ...disks.flatMap((disk, index) => drive(disk, index, sockets.disk(index))),
  ];
}

/**
 * qemu64 is half the work of "max" where every instruction is translated. tb-size (MiB) bounds what is kept of the translation: when that is full
 * all of it goes, and a machine whose programs need more spends most of its time on translating them again.
 */
function speed(
  firmware: Firmware,
  accelerator: Accelerator,
  { processors, memory }: { processors: number; memory: number },
): readonly string[] {
  if (accelerator === "kvm" && firmware !== "uefi-arm64") return ["-accel", "kvm", "-cpu", "host"];
  return [
    "-accel",
    `tcg,thread=${processors > 1 ? "multi" : "single"},tb-size=${memory}`,
    "-cpu",
    firmware === "uefi-arm64" ? "cortex-a57" : "qemu64",
  ];
}

function board(firmware: Firmware, variables: string): readonly string[] {
  const { machine, flash } = boardOf(firmware);
  const drive = (unit: number, options: string) => ["-drive", `if=pflash,unit=${unit},format=raw,${options}`];
  return [...machine, ...(flash ? [...drive(0, `readonly=on,file=${flash.code}`), ...drive(1, `file=${variables}`)] : [])];
}

/** cache=unsafe: a power cut here ends QEMU, not the host, whose memory holds what the machine wrote. */
function drive({ bus, serial }: Disk, index: number, file: string): readonly string[] {
  const id = `disk${index}`;
  const front = `drive=${id},serial=${serial},bootindex=${2 + index}`;
  return [
    ...["-drive", `file=${file},if=none,id=${id},format=raw,cache=unsafe,discard=unmap,detect-zeroes=unmap`],
    ...(bus === "scsi"
      ? [...(index === 0 ? ["-device", "virtio-scsi-pci,id=scsi"] : []), "-device", `scsi-hd,bus=scsi.0,lun=${index},${front}`]
      : ["-device", `${bus === "nvme" ? "nvme" : "virtio-blk-pci"},${front}`]),
  ];
}

const GIB = 2 ** 30;
const SECTOR = 512;
const BUSES = [
  { name: /^\/dev\/sd([a-d])$/, bus: "scsi" },
  { name: /^\/dev\/nvme([0-3])n1$/, bus: "nvme" },
  { name: /^\/dev\/vd([a-d])$/, bus: "virtio" },
] as const;

/** Blank disks among which the rule finds one: of its size, its serial number, and as many as its device name counts. */
export function disksFor({ device, serial, minSize = 0, maxSize = Number.POSITIVE_INFINITY }: DiskRule, mac: Mac): readonly Disk[] {
  const size = Math.min(Math.ceil(Math.max(minSize, 4 * GIB) / SECTOR), Math.floor(maxSize / SECTOR)) * SECTOR;
  const row = BUSES.find(({ name }) => name.test(device ?? ""));
  const position = row?.name.exec(device!)?.[1] ?? "0";
  const wanted = /\d/.test(position) ? Number(position) : position.charCodeAt(0) - "a".charCodeAt(0);
  return Array.from({ length: wanted + 1 }, (_, index) => ({
    bus: row?.bus ?? "virtio",
    size,
    serial: index === wanted && serial !== undefined ? serial : `${mac.replaceAll(":", "").toUpperCase()}-${index}`,
  }));
}

/** The same machine always has the same UUID (RFC 9562 §5.8: version 8, ours to define). */
function uuidOf(mac: Mac): string {
  const hex = createHash("sha256").update(mac).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
