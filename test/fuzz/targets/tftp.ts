/** TFTP: packets, the names in them, and what is agreed on. */

import { menuName } from "../../../bootstrapper/tftp/menu-name.ts";
import { relativeName, shown } from "../../../bootstrapper/tftp/name.ts";
import { negotiate, WINDOW_LIMIT } from "../../../bootstrapper/tftp/negotiate.ts";
import { netascii } from "../../../bootstrapper/tftp/netascii.ts";
import { decode, encode, type Packet } from "../../../bootstrapper/tftp/packet.ts";
import { attempt, must, same, type Target } from "../target.ts";

const request = (file: string, options: Readonly<Record<string, string>> = {}, mode = "octet"): Uint8Array =>
  encode({ op: "read", file, mode, options: new Map(Object.entries(options)) });

const packets = (): Uint8Array[] => [
  request("snponly-amd64.efi", { tsize: "0", blksize: "1468", windowsize: "4" }),
  request("/pxelinux.cfg/01-52-54-00-00-00-11", { blksize: "1432", timeout: "3" }),
  request("grub\\grub.cfg-01-52-54-00-00-00-11", {}, "netascii"),
  request("pxelinux.cfg/0A4D0064"),
  request("pxelinux.cfg/564d2e9b-7c1a-4f0e-9b3f-1234567890ab"),
  encode({ op: "write", file: "x", mode: "octet", options: new Map() }),
  encode({ op: "data", block: 65_535, data: Buffer.alloc(512, 1) }),
  encode({ op: "ack", block: 7 }),
  encode({ op: "error", code: 8, message: "User aborted the transfer" }),
  encode({ op: "oack", options: new Map([["blksize", "1468"]]) }),
];

/** RFC 2347: nothing behind it is read of a request. */
const REQUEST_SIZE = 512;

export const tftpPacket: Target = {
  name: "tftp-packet",
  seeds: packets,
  check: (bytes) => {
    const packet = attempt(() => decode(bytes));
    if (!packet || (packet.op === "oack" && packet.options.size === 0)) return; // an OACK of nothing is never written
    const written = encode(packet);
    if (written.length <= REQUEST_SIZE || packet.op === "data")
      same(encode(decode(written)), written, "what was written is written the same again");
    if (packet.op === "read" || packet.op === "write") asked(packet);
  },
};

function asked({ file, options }: Extract<Packet, { op: "read" | "write" }>): void {
  const name = relativeName(file);
  if ("path" in name) {
    const parts = name.path.split("/");
    must(
      parts.every((part) => part !== "" && part !== "." && part !== ".."),
      `${JSON.stringify(name.path)} stays inside`,
    );
    must(!/\p{Cc}|\\/u.test(name.path), `${JSON.stringify(name.path)} is a plain path`);
    menuName(name.path);
  } else must(name.because.length > 0, "a refusal has a reason");
  must(/^[\x20-\x7e]*$/.test(shown(file)), "a log line is printable");

  const { terms, accepted } = negotiate(options, { size: 300_000, mtu: 1500 });
  must(terms.blockSize >= 8 && terms.blockSize <= 1468, `blocks of ${terms.blockSize} bytes`);
  must(terms.windowSize >= 1 && terms.windowSize <= WINDOW_LIMIT, `windows of ${terms.windowSize} blocks`);
  must(
    [...accepted.keys()].every((option) => options.has(option)),
    "only what was asked for is agreed to (RFC 2347)",
  );
}

export const tftpText: Target = {
  name: "tftp-netascii",
  seeds: () => [Buffer.from("menu\r\nlabel\rlinux\n\0")],
  check: (bytes) => {
    const text = netascii(bytes);
    must(text.length <= bytes.length * 2, "it at most doubles");
    const back = Buffer.from(text).toString("latin1").replace(/\r\n/g, "\n").replace(/\r\0/g, "\r");
    same(back, Buffer.from(bytes).toString("latin1"), "a receiver gets the text that was sent");
  },
};
