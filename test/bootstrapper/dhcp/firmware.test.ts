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
  { who: "firmware that can be two things, one of which we have", send: { architectures: [6, 7] }, gets: "snponly-amd64.efi" },
  { who: "HTTP boot x64", send: PXE["http"]!, gets: `${OVER_HTTP}ipxe-amd64.efi` },
  { who: "HTTP boot x64 that says EBC", send: { architectures: [17] }, gets: `${OVER_HTTP}ipxe-amd64.efi` },
  {
    who: "HTTP boot that says the architecture of its PXE",
    send: { architectures: [7], vendorClass: "HTTPClient" },
    gets: `${OVER_HTTP}ipxe-amd64.efi`,
  },
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
  { send: { architectures: [6] }, says: "UEFI on 32-bit x86 (option 93 says 6)" },
  { send: { architectures: [10, 21] }, says: "UEFI on 32-bit ARM (option 93 says 10) or U-Boot on 32-bit ARM (option 93 says 21)" },
  { send: { vendorClass: "PXEClient:Arch:00099:UNDI:003000" }, says: "unknown (option 93 says 99)" },
  { send: { vendorClass: "HTTPClient:Arch:00015:UNDI:003000" }, says: "HTTP boot on 32-bit x86 (option 93 says 15)" },
])("firmware without a loader is told apart: $says", ({ send, says }) => {
  expect(recognise(send)).toEqual({ stage: "unsupported", because: `there is no loader for its firmware, ${says}` });
  expect(given(send).bootFile).toBe("");
});

test("every loader of the layout is somebody's", () => {
  const loaders = Array.from({ length: 64 }, (_, code) => recognise({ architectures: [code] })).flatMap((client) =>
    client.stage === "firmware" ? [client.loader] : [],
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
