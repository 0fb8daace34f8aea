/** Arbitrary DHCP options for property tests. */
import fc from "fast-check";
import { MESSAGE_TYPES, nameOfCode, type Options } from "../../bootstrapper/dhcp/options.ts";
import type { ClientName } from "../../bootstrapper/dhcp/values.ts";
import { fromNumber } from "../../cluster/address.ts";

const address = fc.nat({ max: 0xffffffff }).map(fromNumber);
const addresses = fc.array(address, { minLength: 1, maxLength: 100, size: "max" });
const text = fc.string({ unit: "grapheme", maxLength: 400, size: "max" }).filter((value) => !value.endsWith("\0"));
const seconds = fc.oneof(fc.nat({ max: 0xfffffffe }), fc.constant(Infinity));
const bytes = fc.uint8Array({ maxLength: 700, size: "max" });
const label = fc.string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789-"), minLength: 1, maxLength: 63, size: "max" });
const clientName: fc.Arbitrary<ClientName> = fc.record({
  flags: fc.nat({ max: 255 }),
  name: fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join(".")),
});

const VALUES: { readonly [Name in keyof Required<Options>]: fc.Arbitrary<Required<Options>[Name]> } = {
  messageType: fc.constantFrom(...MESSAGE_TYPES.filter((type) => type !== null)),
  serverId: address,
  requestedAddress: address,
  leaseTime: seconds,
  renewalTime: seconds,
  rebindingTime: seconds,
  subnetMask: address,
  routers: addresses,
  autoConfigure: fc.nat({ max: 255 }),
  classlessRoutes: fc.uint8Array({ minLength: 5, maxLength: 300, size: "max" }),
  pxelinuxConfig: text,
  pxelinuxPrefix: text,
  maxMessageSize: fc.nat({ max: 65535 }),
  undi: fc.uint8Array({ minLength: 3, maxLength: 3 }),
  subnetSelection: address,
  others: fc
    .uniqueArray(
      fc.tuple(
        fc.integer({ min: 1, max: 254 }).filter((code) => code !== 52 && nameOfCode(code) === undefined),
        bytes,
      ),
      {
        minLength: 1,
        maxLength: 5,
        selector: ([code]) => code,
      },
    )
    .map((pairs) => new Map(pairs)),
  broadcastAddress: address,
  nameServers: addresses,
  hostname: text,
  domain: text,
  ntpServers: addresses,
  wanted: fc.uint8Array({ minLength: 1, maxLength: 300, size: "max" }),
  message: text,
  vendorClass: text,
  vendorSpecific: bytes,
  bootServer: text,
  bootFile: text,
  userClass: bytes,
  clientName,
  architectures: fc.array(fc.nat({ max: 65535 }), { minLength: 1 }),
  ipxe: bytes,
  clientId: fc.uint8Array({ minLength: 1, maxLength: 255, size: "max" }),
  machineId: fc.uint8Array({ minLength: 17, maxLength: 17 }),
  relayAgent: fc.uint8Array({ minLength: 1, maxLength: 255, size: "max" }),
};
/** Any options, each in all of its values. */
export const anyOptions: fc.Arbitrary<Options> = fc.record(VALUES, { requiredKeys: [] });
