/** Real firmware of every kind, from power-on to what the bootstrapper's second stage was told: what was offered, what was fetched, and why. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ipv4 } from "../../cluster/address.ts";
import { run } from "../../vm-cluster/command.ts";
import { FirmwareLab, type Role } from "./firmware-lab.ts";
import { lanes } from "./lanes.ts";

/** Two machines at a time: each keeps a core busy. */
const inTurn = lanes(2);
/** The live system that installs, in its first words. */
const KERNEL = /sextant live:/;
const SCRIPT = /^http boot script install/;
const MENU = /^tftp boot menu install/;
/** The lab's kernel is Debian's, so what Debian signed starts it. */
const SHIM = "/usr/lib/shim/shimx64.efi.signed";
const SIGNED_GRUB = "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed";

interface Case extends Role {
  readonly when: string;
  /** The last that is waited for. */
  readonly until: { readonly journal: RegExp; readonly serial?: RegExp };
  /** What the journal must say, in this order, with anything in between. */
  readonly says: readonly RegExp[];
}

const arm64 = { firmware: "uefi-arm64", described: { arch: "arm64" } } as const;

const CASES: readonly Case[] = [
  {
    name: "bios-rom",
    when: "a BIOS machine whose card has iPXE is sent its script and starts the installer",
    hardware: { firmware: "bios" },
    until: { journal: SCRIPT, serial: KERNEL },
    says: [/^dhcp offer \S+ http:\S+\.ipxe: bios-rom asked .*install/, /^dhcp ack \S+ http:\S+\.ipxe/, SCRIPT],
  },
  {
    name: "bios-e1000",
    when: "undionly drives an Intel card through the firmware's PXE and is sent its script",
    hardware: { firmware: "bios", card: "e1000", ipxe: "dhcp && chain tftp://10.77.0.1/undionly.kpxe" },
    until: { journal: SCRIPT },
    says: [/^dhcp ack/, /^tftp sent undionly\.kpxe/, SCRIPT],
  },
  {
    name: "pxelinux",
    when: "pxelinux finds its menu under its MAC and starts the installer over TFTP",
    hardware: { firmware: "bios", ipxe: "dhcp && set net0/filename pxelinux.0 && chain tftp://10.77.0.1/pxelinux.0" },
    until: { journal: MENU, serial: KERNEL },
    says: [/^tftp sent pxelinux\.0/, /^tftp sent ldlinux\.c32/, MENU, /^tftp sent .*initrd/],
  },
  {
    name: "uefi",
    when: "UEFI loads snponly by PXE, which is sent its script",
    hardware: { firmware: "uefi" },
    until: { journal: SCRIPT },
    says: [
      /^dhcp offer \S+ snponly-amd64\.efi/,
      /^dhcp ack \S+ snponly-amd64\.efi/,
      /^tftp sent snponly-amd64\.efi/,
      /^dhcp ack \S+ http:\S+\.ipxe/,
      SCRIPT,
    ],
  },
  {
    name: "uefi-http",
    when: "UEFI loads iPXE by HTTP boot, which is sent its script",
    hardware: { firmware: "uefi", httpBoot: true },
    until: { journal: SCRIPT },
    says: [
      /^dhcp offer \S+ http:\S+\/static\/boot\/ipxe-amd64\.efi/,
      /^dhcp ack \S+ http:\S+\/static\/boot\/ipxe-amd64\.efi/,
      /^dhcp ack \S+ http:\S+\.ipxe/,
      SCRIPT,
    ],
  },
  {
    name: "secure-boot",
    when: "UEFI that starts only what is signed loads shim, shim loads GRUB, and GRUB starts the signed kernel from its menu",
    hardware: { firmware: "uefi-secure-boot" },
    described: { secureBoot: true },
    until: { journal: MENU, serial: KERNEL },
    says: [
      /^dhcp offer \S+ secure-boot\/amd64\/shim\.efi/,
      /^tftp sent secure-boot\/amd64\/shim\.efi/,
      /^tftp sent secure-boot\/amd64\/grubx64\.efi/,
      MENU,
      /^tftp sent .*initrd/,
    ],
  },
  {
    name: "uefi-ia32",
    when: "UEFI of 32 bits loads what an operator put there for it, which is sent its menu",
    hardware: { firmware: "uefi-ia32" },
    until: { journal: MENU },
    says: [/^dhcp offer \S+ snponly-ia32\.efi/, /^tftp sent snponly-ia32\.efi/, MENU],
  },
  {
    name: "arm64",
    when: "UEFI on arm64 loads iPXE by PXE, which is sent its script",
    hardware: { firmware: arm64.firmware },
    described: arm64.described,
    until: { journal: SCRIPT },
    says: [/^dhcp offer \S+ ipxe-arm64\.efi/, /^tftp sent ipxe-arm64\.efi/, /^dhcp ack \S+ http:\S+\.ipxe/, SCRIPT],
  },
  {
    name: "arm64-http",
    when: "UEFI on arm64 loads iPXE by HTTP boot, which is sent its script",
    hardware: { firmware: arm64.firmware, httpBoot: true },
    described: arm64.described,
    until: { journal: SCRIPT },
    says: [/^dhcp offer \S+ http:\S+\/static\/boot\/ipxe-arm64\.efi/, /^dhcp ack \S+ http:\S+\.ipxe/, SCRIPT],
  },
];

describe("where we give the addresses", () => {
  let lab: FirmwareLab;
  beforeAll(async () => {
    lab = await FirmwareLab.open({
      id: "firmware",
      roles: CASES,
      extras: {
        "pxelinux.0": "/usr/lib/PXELINUX/pxelinux.0",
        "ldlinux.c32": "/usr/lib/syslinux/modules/bios/ldlinux.c32",
        "secure-boot/amd64/shim.efi": SHIM,
        "secure-boot/amd64/grubx64.efi": SIGNED_GRUB,
        "snponly-ia32.efi": grubForIa32,
      },
    });
    await lab.serve();
  });
  afterAll(() => lab?.close());

  test.concurrent.each(CASES)("$when", async ({ name, until, says }) => {
    const { journal } = await inTurn(() => lab.boot(name, until));
    expect(inOrder(journal, says)).toEqual([]);
  });
});

describe("where the site's own DHCP server gives the addresses", () => {
  const roles: readonly Role[] = [
    { name: "bios-rom", hardware: { firmware: "bios" } },
    { name: "uefi", hardware: { firmware: "uefi" } },
  ];
  let lab: FirmwareLab;
  beforeAll(async () => {
    lab = await FirmwareLab.open({ id: "firmware-proxy", roles, network: { dhcp: "proxy", routerAdvertisements: true } });
    await siteDhcp(lab);
    await lab.serve();
  });
  afterAll(() => lab?.close());

  test.concurrent("a BIOS card's iPXE takes the site's address and our script", async () => {
    const { journal } = await inTurn(() => lab.boot("bios-rom", { journal: SCRIPT }));
    expect(inOrder(journal, [/^dhcp offer http:\S+\.ipxe/, SCRIPT])).toEqual([]);
    expect(journal.at(-1)).toContain(SITE_RANGE);
  });

  test.concurrent("UEFI takes the site's address, asks our port 4011, and loads snponly", async () => {
    const { journal } = await inTurn(() => lab.boot("uefi", { journal: SCRIPT }));
    expect(
      inOrder(journal, [/^dhcp offer .*snponly/, /^dhcp ack .*snponly/, /^tftp sent snponly-amd64\.efi/, /^dhcp .*http:\S+\.ipxe/, SCRIPT]),
    ).toEqual([]);
  });
});

const SITE_RANGE = "10.77.0.5";
/** dnsmasq as a site has it: addresses, and nothing about booting. It answers at once, so it is there before us. */
async function siteDhcp({ state }: FirmwareLab): Promise<void> {
  const host = await state.network.addHost("site", ipv4("10.77.0.2"), 24);
  const options = ["--port=0", "--no-ping", "--leasefile-ro", "--dhcp-authoritative", `--dhcp-range=${SITE_RANGE}0,${SITE_RANGE}9,1h`];
  const dnsmasq = [
    "dnsmasq",
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--user=root",
    "--log-facility=-",
    "--log-dhcp",
    ...options,
  ] as const;
  state.start("site's DHCP server", host.inside([...dnsmasq]), join(state.folder, "site-dhcp.log"));
}

/** The patterns that no line fits, each looked for behind the line of the one before. */
function inOrder(lines: readonly string[], patterns: readonly RegExp[]): readonly string[] {
  let from = 0;
  for (const pattern of patterns) {
    const at = lines.findIndex((line, index) => index >= from && pattern.test(line));
    if (at < 0) return [`${pattern} is not in:`, ...lines.slice(from)];
    from = at + 1;
  }
  return [];
}

/** Debian has no iPXE for 32-bit UEFI; its GRUB is made for it. */
async function grubForIa32(folder: string): Promise<string> {
  const file = join(folder, "grub-ia32.efi");
  const modules = ["efinet", "tftp", "net", "normal", "configfile", "echo", "linux", "reboot", "sleep", "test"];
  await run("grub-mkimage", ["--format", "i386-efi", "--output", file, "--prefix", "/grub", ...modules]);
  return file;
}
