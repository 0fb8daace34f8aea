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
  { file: "ovmf-ia32-discover", expected: over("tftp", "uefi-ia32") },
  { file: "ovmf-ia32-request", expected: over("tftp", "uefi-ia32") },
  { file: "aavmf-pxe-discover", expected: over("tftp", "uefi-arm64") },
  { file: "aavmf-pxe-request", expected: over("tftp", "uefi-arm64") },
  { file: "aavmf-http-discover", expected: over("http", "uefi-arm64") },
  { file: "aavmf-http-request", expected: over("http", "uefi-arm64") },
  { file: "proxied-ovmf-request", expected: over("tftp", "uefi-amd64") },
  { file: "ipxe-arm64-discover", expected: { stage: "ipxe" } },
  { file: "ipxe-arm64-request", expected: { stage: "ipxe" } },
  { file: "ipxe-uefi-2025-discover", expected: { stage: "ipxe" } },
  { file: "ipxe-uefi-2025-request", expected: { stage: "ipxe" } },
])("$file is taken for $expected.stage $expected.loader", ({ file, expected }) => {
  expect(recognise(options(file))).toMatchObject(expected);
});

test.each([
  { file: "ovmf-pxe-discover", expected: over("tftp", "secure-boot-amd64") },
  { file: "ovmf-http-discover", expected: over("http", "secure-boot-amd64-http") },
  { file: "proxied-ovmf-request", expected: over("tftp", "secure-boot-amd64") },
  { file: "aavmf-pxe-discover", expected: over("tftp", "secure-boot-arm64") },
  { file: "aavmf-http-discover", expected: over("http", "secure-boot-arm64-http") },
])("$file of a machine that starts only what is signed is taken for $expected.loader", ({ file, expected }) => {
  expect(recognise(options(file), true)).toMatchObject(expected);
});
