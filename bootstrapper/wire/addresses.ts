/** The IPv4 addresses of this host: also of a card whose cable is not plugged in yet, which Node does not tell. netdevice(7) */
import { networkInterfaces } from "node:os";
import * as sys from "./kernel.ts";

/** One IPv4 address of one interface. */
export interface OwnAddress {
  readonly interface: string;
  readonly address: string;
  /** Of the interface, in lower case. */
  readonly mac: string;
  /** The loopback. */
  readonly internal: boolean;
}

const SIOCGIFCONF = 0x8912;
const SIOCGIFFLAGS = 0x8913;
const IFF_LOOPBACK = 8;
const REQUEST = 40; // struct ifreq on 64-bit Linux: a name of 16 bytes, and the answer
const MOST = 1024;

export function ownAddresses(kernel: sys.Kernel | undefined = sys.kernel): readonly OwnAddress[] {
  return (kernel && askedOf(kernel)) ?? running();
}

function askedOf(kernel: sys.Kernel): readonly OwnAddress[] | undefined {
  const fd = kernel.socket(sys.AF_INET, sys.SOCK_DGRAM | sys.SOCK_CLOEXEC, 0);
  if (fd < 0) return undefined;
  try {
    const list = Buffer.alloc(MOST * REQUEST);
    const configuration = Buffer.alloc(16); // struct ifconf: how long, where
    configuration.writeInt32LE(list.length);
    configuration.writeBigUInt64LE(kernel.addressOf(list), 8);
    if (kernel.ioctl(fd, SIOCGIFCONF, configuration) < 0) return undefined;
    const length = configuration.readInt32LE();
    return Array.from({ length: length / REQUEST }, (_, index) => list.subarray(index * REQUEST, (index + 1) * REQUEST)).map((request) => {
      const label = request.toString("latin1", 0, request.indexOf(0));
      const name = label.replace(/:.*/, ""); // "eth0:1" is an address of eth0
      const question = (what: number): Buffer => {
        const asked = Buffer.alloc(REQUEST);
        asked.write(name, 0, 15, "latin1");
        kernel.ioctl(fd, what, asked);
        return asked;
      };
      return {
        interface: name,
        address: [...request.subarray(20, 24)].join("."),
        mac: question(sys.SIOCGIFHWADDR).toString("hex", 18, 24).match(/../g)!.join(":"),
        internal: (question(SIOCGIFFLAGS).readUInt16LE(16) & IFF_LOOPBACK) !== 0,
      };
    });
  } finally {
    kernel.close(fd);
  }
}

const running = (): readonly OwnAddress[] =>
  Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.filter(({ family }) => family === "IPv4").map(({ address, mac, internal }) => ({ interface: name, address, mac, internal })),
  );
