/** What firmware of many kinds says of itself, as it said it, and which loader that is taken for. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { recognise } from "../../../bootstrapper/dhcp/firmware.ts";
import { decodePacket } from "../../../bootstrapper/dhcp/packet.ts";
import { layout } from "../../../cluster/layout.ts";

const options = (file: string) => decodePacket(new Uint8Array(readFileSync(`test/fixtures/dhcp/${file}.bin`))).options;
const over = (how: "tftp" | "http", loader: keyof typeof layout.loaders) => ({
  stage: "firmware",
  over: how,
  loader: layout.loaders[loader],
});

test.each([
  { file: "ovmf-ia32-discover", then: over("tftp", "uefi-ia32") },
  { file: "ovmf-ia32-request", then: over("tftp", "uefi-ia32") },
  { file: "aavmf-pxe-discover", then: over("tftp", "uefi-arm64") },
  { file: "aavmf-pxe-request", then: over("tftp", "uefi-arm64") },
  { file: "aavmf-http-discover", then: over("http", "uefi-arm64") },
  { file: "aavmf-http-request", then: over("http", "uefi-arm64") },
  { file: "ovmf-pxe-4011-request", then: over("tftp", "uefi-amd64") },
  { file: "ipxe-arm64-discover", then: { stage: "ipxe" } },
  { file: "ipxe-arm64-request", then: { stage: "ipxe" } },
  { file: "ipxe-uefi-2025-discover", then: { stage: "ipxe" } },
  { file: "ipxe-uefi-2025-request", then: { stage: "ipxe" } },
])("$file is taken for $then.stage $then.loader", ({ file, then }) => {
  expect(recognise(options(file))).toMatchObject(then);
});

test.each([
  { file: "ovmf-pxe-discover", then: over("tftp", "secure-boot-amd64") },
  { file: "ovmf-http-discover", then: over("http", "secure-boot-amd64-http") },
  { file: "ovmf-pxe-4011-request", then: over("tftp", "secure-boot-amd64") },
  { file: "aavmf-pxe-discover", then: over("tftp", "secure-boot-arm64") },
  { file: "aavmf-http-discover", then: over("http", "secure-boot-arm64-http") },
])("$file of a machine that starts only what is signed is taken for $then.loader", ({ file, then }) => {
  expect(recognise(options(file), true)).toMatchObject(then);
});
