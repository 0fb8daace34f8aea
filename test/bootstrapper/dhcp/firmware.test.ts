/** Who is asking to boot, and what it is handed. */
import { expect, test } from "vitest";
import { handover, recognise } from "../../../bootstrapper/dhcp/firmware.ts";
import type { Options } from "../../../bootstrapper/dhcp/options.ts";
import { layout } from "../../../cluster/layout.ts";
import { CP1, PXE, SERVER } from "../../support/dhcp.ts";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const given = (options: Options) => handover(recognise(options), CP1, SERVER);
const SCRIPT = "http://10.77.0.1/boot/52-54-00-77-00-01.ipxe";
const OVER_HTTP = "http://10.77.0.1/static/boot/";

test.each<{ who: string; send: Options; gets: string }>([
  { who: "BIOS", send: PXE["bios"]!, gets: "undionly.kpxe" },
  { who: "an old ROM that says only PXEClient", send: { vendorClass: "PXEClient" }, gets: "undionly.kpxe" },
  {
    who: "an old ROM with its architecture in the vendor class",
    send: { vendorClass: "PXEClient:Arch:00007:UNDI:003000" },
    gets: "snponly-amd64.efi",
  },
  { who: "UEFI x64", send: PXE["uefi"]!, gets: "snponly-amd64.efi" },
  { who: "UEFI x64 that says EBC", send: { architectures: [9] }, gets: "snponly-amd64.efi" },
  { who: "UEFI arm64", send: PXE["arm64"]!, gets: "ipxe-arm64.efi" },
  { who: "firmware that can be two things, one of which we have", send: { architectures: [12, 7] }, gets: "snponly-amd64.efi" },
  { who: "HTTP boot x64", send: PXE["http"]!, gets: `${OVER_HTTP}ipxe-amd64.efi` },
  { who: "HTTP boot x64 that says EBC", send: { architectures: [17] }, gets: `${OVER_HTTP}ipxe-amd64.efi` },
  {
    who: "HTTP boot that says the architecture of its PXE",
    send: { architectures: [7], vendorClass: "HTTPClient" },
    gets: `${OVER_HTTP}ipxe-amd64.efi`,
  },
  { who: "UEFI on 32-bit x86", send: { architectures: [6] }, gets: "snponly-ia32.efi" },
  { who: "UEFI on 32-bit ARM", send: { architectures: [10] }, gets: "ipxe-arm32.efi" },
  { who: "HTTP boot on 32-bit x86", send: { architectures: [15] }, gets: `${OVER_HTTP}ipxe-ia32.efi` },
  { who: "HTTP boot on 32-bit ARM", send: { architectures: [18] }, gets: `${OVER_HTTP}ipxe-arm32.efi` },
  { who: "HTTP boot of a BIOS", send: { architectures: [20] }, gets: `${OVER_HTTP}undionly.kpxe` },
  { who: "U-Boot on 32-bit ARM", send: { architectures: [21], vendorClass: "U-Boot.armv7" }, gets: "ipxe-arm32.efi" },
  { who: "U-Boot on arm64", send: { architectures: [22], vendorClass: "U-Boot.armv8" }, gets: "ipxe-arm64.efi" },
  { who: "U-Boot's UEFI on arm64", send: { ...PXE["arm64"] }, gets: "ipxe-arm64.efi" },
  { who: "HTTP boot arm64", send: { architectures: [19] }, gets: `${OVER_HTTP}ipxe-arm64.efi` },
  { who: "iPXE with its user class unframed", send: PXE["ipxe"]!, gets: SCRIPT },
  { who: "iPXE with its user class framed", send: { ...PXE["uefi"], userClass: ascii("\x04iPXE") }, gets: SCRIPT },
  { who: "iPXE by its own options alone", send: { ...PXE["bios"], ipxe: Uint8Array.of(0x13, 1, 1) }, gets: SCRIPT },
  { who: "an operating system", send: { vendorClass: "udhcp 1.35.0" }, gets: "" },
  { who: "one that says nothing", send: {}, gets: "" },
])("$who is handed '$gets'", ({ send, gets }) => {
  expect(given(send).bootFile).toBe(gets);
});

test.each([
  { send: { architectures: [14] }, says: "OPAL on POWER (option 93 says 14)" },
  { send: { architectures: [12, 2] }, says: "Open Firmware on PowerPC (option 93 says 12) or UEFI on Itanium (option 93 says 2)" },
  { send: { vendorClass: "PXEClient:Arch:00099:UNDI:003000" }, says: "unknown (option 93 says 99)" },
  { send: { vendorClass: "HTTPClient:Arch:00034:UNDI:003000" }, says: "unknown (option 93 says 34)" },
])("firmware without a loader is told apart: $says", ({ send, says }) => {
  expect(recognise(send)).toEqual({ stage: "unsupported", because: `there is no loader for its firmware, ${says}` });
  expect(given(send).bootFile).toBe("");
});

test.each([
  { send: PXE["uefi"]!, gets: "secure-boot/amd64/shim.efi" },
  { send: PXE["arm64"]!, gets: "secure-boot/arm64/shim.efi" },
  { send: PXE["http"]!, gets: `${OVER_HTTP}secure-boot/amd64-http/shim.efi` },
  { send: { architectures: [19] }, gets: `${OVER_HTTP}secure-boot/arm64-http/shim.efi` },
  { send: PXE["bios"]!, gets: "undionly.kpxe" },
  { send: PXE["ipxe"]!, gets: SCRIPT },
])("a machine with Secure Boot is handed $gets", ({ send, gets }) => {
  expect(handover(recognise(send, true), CP1, SERVER).bootFile).toBe(gets);
});

test("U-Boot is told the name of its menu, and its boot file is in no folder, below which it would look for it", () => {
  const { bootFile, options } = given({ architectures: [22] });
  expect(bootFile).not.toContain("/");
  expect(options).toEqual({ pxelinuxConfig: "pxelinux.cfg/01-52-54-00-77-00-01" });
});

test("every loader of the layout is somebody's", () => {
  const loaders = [false, true].flatMap((secureBoot) =>
    Array.from({ length: 64 }, (_, code) => recognise({ architectures: [code] }, secureBoot)).flatMap((client) =>
      client.stage === "firmware" ? [client.loader] : [],
    ),
  );
  expect(new Set(loaders)).toEqual(new Set(Object.values(layout.loaders)));
});

test("a BIOS ROM is told not to look for boot servers, UEFI is told nothing of it", () => {
  expect(given(PXE["bios"]!).options).toEqual({ vendorClass: "PXEClient", vendorSpecific: Uint8Array.of(6, 1, 8, 255) });
  expect(given(PXE["uefi"]!).options).toEqual({});
});

test("HTTP boot gets its own vendor class back", () => {
  expect(given(PXE["http"]!).options).toEqual({ vendorClass: "HTTPClient" });
});

test("iPXE is told that no ProxyDHCP server will come (175.176 = 1)", () => {
  expect(given(PXE["ipxe"]!).options).toEqual({ ipxe: Uint8Array.of(176, 1, 1, 255) });
});
