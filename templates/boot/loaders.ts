/** The iPXE loaders that firmware fetches, out of iPXE's own release archive. https://github.com/ipxe/ipxe/releases */
import type { Artifact } from "../../cluster/extension.ts";
import { layout } from "../../cluster/layout.ts";

const ARCHIVE = "https://github.com/ipxe/ipxe/releases/download/v2.0.0/ipxeboot.tar.gz";

/** undionly and snponly drive the card through its own firmware, which works where iPXE's drivers do not. */
const LOADERS = [
  { name: layout.loaders.bios, member: "ipxeboot/x86_64/undionly.kpxe" },
  { name: layout.loaders["uefi-amd64"], member: "ipxeboot/x86_64/snponly.efi" },
  { name: layout.loaders["uefi-arm64"], member: "ipxeboot/arm64/ipxe.efi" },
  { name: layout.loaders["uefi-amd64-http"], member: "ipxeboot/x86_64/ipxe.efi" },
] as const;

/** The archive has no signature: the first download is believed and then pinned by sextant.lock. */
export const loaderArtifacts = (): readonly Artifact[] =>
  LOADERS.map(({ name, member }) => ({ path: `${layout.tftp}/${name}`, url: ARCHIVE, member, verify: { by: "first-use" } }));
