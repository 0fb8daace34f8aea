/** What is installed on a machine, and what the installer asks for on its way. */
import type { Architecture } from "../../../cluster/cluster.ts";
import type { Asked } from "./closure.ts";

/** What Kubernetes asks of a host, what the plan's script needs, and time by the service that the plan configures. */
export const PACKAGES = [
  "ca-certificates",
  "conntrack",
  "curl",
  "dbus",
  "ethtool",
  "iproute2",
  "iptables",
  "nftables",
  "openssh-server",
  "socat",
  "sudo",
  "systemd-timesyncd",
  "tar",
] as const;

/** The kernel, and how it is started: by BIOS, by UEFI, and by UEFI that starts only what is signed. */
export const KERNELS: Readonly<Record<Architecture, string>> = { amd64: "linux-image-amd64", arm64: "linux-image-arm64" };
const LOADERS: Readonly<Record<Architecture, readonly string[]>> = {
  amd64: ["grub-pc", "grub-efi-amd64", "grub-efi-amd64-signed", "shim-signed"],
  arm64: ["grub-efi-arm64", "grub-efi-arm64-signed", "shim-signed"],
};

/** The installer's parts ask for these by themselves; without the first it stops, without the others it goes on, or another release has no need of them. */
const INSTALLER = ["busybox", "console-setup", "e2fsprogs", "initramfs-tools", "keyboard-configuration", "locales", "zstd"];
const PERHAPS = [
  "dosfstools",
  "efibootmgr",
  "eject",
  "installation-report",
  "laptop-detect",
  "mokutil",
  "pciutils",
  "usbutils",
  "usr-is-merged", // by debootstrap for 12
  "util-linux-extra",
];

/** `packages`: those that the description asks for. */
export const askedFor = (architecture: Architecture, packages: readonly string[]): Asked => ({
  names: [...new Set([...PACKAGES, KERNELS[architecture], ...LOADERS[architecture], ...INSTALLER, ...packages])],
  perhaps: PERHAPS,
});
