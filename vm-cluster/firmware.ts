/** The firmware a virtual machine may have: which QEMU runs it, on which board, from which flash. */

export const FIRMWARE = {
  /** Without graphics SeaBIOS speaks on the serial port; UEFI always does. */
  bios: { program: "qemu-system-x86_64", machine: ["-machine", "pc,graphics=off"] },
  uefi: {
    program: "qemu-system-x86_64",
    machine: ["-machine", "q35"],
    flash: { code: "/usr/share/OVMF/OVMF_CODE_4M.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.fd" },
  },
  /** With Microsoft's keys enrolled; only in system management mode may variables be written, or anything could write them. */
  "uefi-secure-boot": {
    program: "qemu-system-x86_64",
    machine: ["-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"],
    flash: { code: "/usr/share/OVMF/OVMF_CODE_4M.ms.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.ms.fd" },
  },
  "uefi-ia32": {
    program: "qemu-system-x86_64",
    machine: ["-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"],
    flash: { code: "/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd", variables: "/usr/share/OVMF/OVMF32_VARS_4M.fd" },
  },
  "uefi-arm64": {
    program: "qemu-system-aarch64",
    machine: ["-machine", "virt"],
    flash: { code: "/usr/share/AAVMF/AAVMF_CODE.fd", variables: "/usr/share/AAVMF/AAVMF_VARS.fd" },
  },
} as const satisfies Readonly<Record<string, Board>>;

export type Firmware = keyof typeof FIRMWARE;

export interface Board {
  readonly program: string;
  readonly machine: readonly string[];
  /** UEFI: its program, and the variables a new machine begins with. */
  readonly flash?: { readonly code: string; readonly variables: string };
}

export const boardOf = (firmware: Firmware): Board => FIRMWARE[firmware];
