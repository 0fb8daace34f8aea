/** Firmware whose loader is not in the bsroot: it gets its address and nothing to boot, and the operator learns which file is wanted. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { answer } from "../../../bootstrapper/dhcp/answer.ts";
import { decodePacket, type Packet } from "../../../bootstrapper/dhcp/packet.ts";
import { answerProxy } from "../../../bootstrapper/dhcp/proxy.ts";
import { world } from "../../support/dhcp.ts";

const captured = (file: string): Packet => decodePacket(new Uint8Array(readFileSync(`test/fixtures/dhcp/${file}.bin`)));
const without = (...missing: readonly string[]) => world({ hasFile: (path: string) => !missing.includes(path) });
const LOADER = "tftpboot/snponly-amd64.efi";
const HTTP_LOADER = "html/static/boot/ipxe-amd64.efi";

test.each([
  { file: "ovmf-pxe-discover", missing: LOADER },
  { file: "ovmf-http-discover", missing: HTTP_LOADER },
])("$file is offered an address and no boot file, loudly, when $missing is not there", ({ file, missing }) => {
  const decision = answer(captured(file), without(missing));
  expect(decision).toMatchObject({ do: "reply", level: "warning", packet: { yourAddress: "10.77.0.11", bootFile: "" } });
  expect(decision.because).toContain(`its firmware needs ${missing}, which is not in this bsroot`);
});

test("beside a site's own DHCP server it gets no answer, and the reason is the same", () => {
  const decision = answerProxy(captured("ovmf-pxe-discover"), "dhcp", without(LOADER));
  expect(decision).toMatchObject({ do: "ignore", level: "warning", because: expect.stringContaining(LOADER) });
});

test("other files may be missing: iPXE and firmware of another kind boot as ever", () => {
  expect(answer(captured("ovmf-pxe-discover"), without(HTTP_LOADER))).toMatchObject({ packet: { bootFile: "snponly-amd64.efi" } });
  expect(answer(captured("ipxe-uefi-discover"), world({ hasFile: () => false }))).toMatchObject({
    packet: { bootFile: expect.stringMatching(/\.ipxe$/) },
  });
});
