import { expect, onTestFinished, test } from "vitest";
import { decodePacket } from "../../../bootstrapper/dhcp/packet.ts";
import { openPulse } from "../../../bootstrapper/dhcp/pulse.ts";
import { openUdp } from "../../../bootstrapper/wire/udp.ts";
import { ipv4 } from "../../../cluster/address.ts";

const HERE = ipv4("127.0.0.1");

test("an address that hears is well, and one that hears nothing any more is told", async () => {
  let hears = true;
  const server = await openUdp({ address: HERE, port: 0 }, (bytes) => {
    if (hears && decodePacket(bytes).mac === pulse.mac) pulse.heard(HERE);
  });
  onTestFinished(() => server.close());
  let addresses = [HERE];
  const pulse = await openPulse(openUdp, () => addresses, server.address().port, 20);
  onTestFinished(() => pulse.close());
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(pulse.deaf()).toEqual([]);
  hears = false;
  await expect.poll(pulse.deaf).toEqual([HERE]);
  hears = true;
  await expect.poll(pulse.deaf).toEqual([]);
  hears = false;
  await expect.poll(pulse.deaf).toEqual([HERE]);
  addresses = [];
  await expect.poll(pulse.deaf).toEqual([]);
});
