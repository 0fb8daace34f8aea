/** What is served in the storm: a description of that many machines, and the bsroot that the builder makes of it. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeTexts } from "../../bootstrapper/boot.ts";
import { loadBsroot, readSecret } from "../../bootstrapper/bsroot.ts";
import { endpoints } from "../../bootstrapper/place.ts";
import type { Ports } from "../../bootstrapper/settings.ts";
import { build } from "../../bsroot-builder/commands/build.ts";
import { dashed, ipv4, type Mac, mac } from "../../cluster/address.ts";
import { layout } from "../../cluster/layout.ts";
import { osTarget } from "../../templates/registry.ts";
import { OWN_MAC } from "./machine.ts";
import { RANGE, SERVER, SUBNET } from "./network.ts";

/** Bytes. The loader is as large as iPXE's snponly.efi; kernel and initrd are small, so that the wire is not all that is measured. */
export const SIZES = { loader: 300_000, kernel: 1 << 20, initrd: 4 << 20 } as const;

export interface Site {
  readonly bsroot: string;
  readonly macs: readonly Mac[];
  /** The loader's name over TFTP. */
  readonly loader: string;
  /** Seconds that the builder took; next to none when the folder was there already. */
  readonly built: number;
}

/** Kept in `folder` from one run to the next: a thousand RSA keys take a while. */
export async function makeSite(folder: string, machines: number): Promise<Site> {
  const begun = performance.now();
  const bsroot = join(folder, "bsroot");
  const macs = Array.from({ length: machines }, (_, index) => mac(`525400${(index + 1).toString(16).padStart(6, "0")}`));
  const files = { "loader.efi": SIZES.loader, vmlinuz: SIZES.kernel, initrd: SIZES.initrd, "node.img": 4096 };
  await mkdir(join(folder, "mirror"), { recursive: true });
  for (const [name, size] of Object.entries(files))
    if (!existsSync(join(folder, "mirror", name))) await writeFile(join(folder, "mirror", name), randomBytes(size));
  await writeFile(join(folder, "cluster-desc.yml"), description(macs));

  const loader = layout.loaders["uefi-amd64"];
  const verify = { by: "first-use" } as const;
  const registry = { osTarget, loaderArtifacts: () => [{ path: `${layout.tftp}/${loader}`, url: `${SOURCE}/loader.efi`, verify }] };
  const screen = { write: () => {}, isTTY: false, columns: 80 };
  await build(join(folder, "cluster-desc.yml"), { out: bsroot, jobs: 2, update: false }, registry, { out: () => {}, screen });
  return { bsroot, macs, loader, built: (performance.now() - begun) / 1000 };
}

const SOURCE = "https://storm.example";

const description = (macs: readonly Mac[]): string => `cluster: storm
domain: storm.lan
network: { subnet: ${SUBNET}, bootstrapper: ${SERVER}, range: ${RANGE.first}-${RANGE.last} }
os: { target: raw-image, image: "${SOURCE}/node.img", kernel: "${SOURCE}/vmlinuz", initrd: "${SOURCE}/initrd" }
sshKeys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGCmRAHVYFrLMhb8PvMqNbDbJEFMlIFPKuR8SfwgVwCt you@laptop]
mirrors: [{ from: "${SOURCE}", to: "./mirror" }]
machines:
${macs.map((mac, index) => `  - { mac: "${mac}", name: m-${index + 1}${index === 0 ? ", roles: [control-plane]" : ""} }`).join("\n")}
`;

/** The same files for servers that know nothing of machines: one script for all, the other texts as files by MAC. */
export async function makePlainSite({ bsroot, macs }: Site, folder: string): Promise<void> {
  const root = await loadBsroot(bsroot);
  const texts = makeTexts({
    cluster: root.cluster,
    files: root.files,
    server: endpoints(ipv4(SERVER), { http: 80, https: 443 } as Ports, root.ca),
    machines: { nextBoot: () => ({ do: "install", because: "it was never installed" }), find: () => undefined },
    readSecret: (path) => readSecret(root, path),
  });
  for (const name of ["boot", "install", "config"]) await mkdir(join(folder, name), { recursive: true });
  const script = texts.bootScript(macs[0]!).replaceAll(dashed(macs[0]!), OWN_MAC);
  await writeFile(join(folder, "boot/all.ipxe"), script);
  for (const mac of macs) {
    await writeFile(join(folder, `install/${dashed(mac)}.sh`), texts.installScript(mac));
    await writeFile(join(folder, `config/${dashed(mac)}`), (await texts.config(mac, "0".repeat(64))).body);
  }
}
