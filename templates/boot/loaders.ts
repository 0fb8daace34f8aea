/** The iPXE loaders that firmware fetches, out of iPXE's own release archive. https://github.com/ipxe/ipxe/releases */
import type { Artifact } from "../../cluster/extension.ts";
import { type LoaderName, layout } from "../../cluster/layout.ts";

const ARCHIVE = "https://github.com/ipxe/ipxe/releases/download/v2.0.0/ipxeboot.tar.gz";

/** undionly and snponly drive the card through its own firmware, which works where iPXE's drivers do not. */
const LOADERS: Partial<Readonly<Record<LoaderName, string>>> = {
  bios: "x86_64/undionly.kpxe",
  "uefi-amd64": "x86_64/snponly.efi",
  "uefi-amd64-http": "x86_64/ipxe.efi",
  "uefi-arm64": "arm64/ipxe.efi",
  "uefi-ia32": "i386/snponly.efi",
  "uefi-ia32-http": "i386/ipxe.efi",
  "secure-boot-amd64": "x86_64-sb/shimx64.efi",
  "secure-boot-amd64-http": "x86_64-sb/shimx64.efi",
  "secure-boot-arm64": "arm64-sb/shimaa64.efi",
  "secure-boot-arm64-http": "arm64-sb/shimaa64.efi",
};

/**
 * What each shim of iPXE's loads from its own folder. It would derive the name from its own, but most firmware does not tell it that, and
 * then it asks for ipxe.efi: so that is what its second stage is called, whichever it is (ipxe/ipxe issue 1684).
 */
const SECOND_STAGE = "ipxe.efi";
const SECOND_STAGES: Partial<Readonly<Record<LoaderName, string>>> = {
  "secure-boot-amd64": "x86_64-sb/snponly.efi",
  "secure-boot-amd64-http": "x86_64-sb/ipxe.efi",
  "secure-boot-arm64": "arm64-sb/snponly.efi",
  "secure-boot-arm64-http": "arm64-sb/ipxe.efi",
};

/** The archive has no signature: the first download is believed and then pinned by sextant.lock. */
export const loaderArtifacts = (): readonly Artifact[] => [
  ...Object.entries(LOADERS).map(([name, member]) => artifact(layout.loaders[name as LoaderName], member)),
  ...Object.entries(SECOND_STAGES).map(([name, member]) =>
    artifact(layout.loaders[name as LoaderName].replace(/[^/]+$/, SECOND_STAGE), member),
  ),
];

const artifact = (name: string, member: string): Artifact => ({
  path: `${layout.tftp}/${name}`,
  url: ARCHIVE,
  member: `ipxeboot/${member}`,
  verify: { by: "first-use" },
});
