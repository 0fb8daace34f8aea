/** What firmware that boots over the network says while it gets its address, as bytes, and what it looks at in the answers. RFC 2131, RFC 4578. */

export const OFFER = 2;
export const ACK = 5;
export const NAK = 6;

const COOKIE = 0x63825363;
const OPTIONS_AT = 240;
const BROADCAST = 0x8000;

/** UEFI on x64, as OVMF spells it. */
const FIRMWARE = [
  [
    55,
    ...[
      1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97, 128, 129, 130, 131, 132, 133,
      134, 135,
    ],
  ],
  [57, 0x05, 0xb8],
  [60, ...Buffer.from("PXEClient:Arch:00007:UNDI:003016")],
  [93, 0, 7],
  [94, 1, 3, 16],
].flatMap(([code, ...value]) => [code!, value.length, ...value]);

/** The longest message `writeMessage` makes. */
export const MESSAGE_SIZE = 400;

const TEMPLATE = template();

function template(): Buffer {
  const bytes = Buffer.alloc(MESSAGE_SIZE);
  bytes.set([1, 1, 6, 0]);
  bytes.writeUInt16BE(BROADCAST, 10);
  bytes.writeUInt32BE(COOKIE, 236);
  bytes.set([53, 1, 1, ...FIRMWARE], OPTIONS_AT);
  return bytes;
}
const VARIABLE_AT = OPTIONS_AT + 3 + FIRMWARE.length;

export interface Choice {
  /** As numbers. */
  readonly address: number;
  readonly server: number;
}

/** A DISCOVER, or, with a choice, the REQUEST that takes it (SELECTING). `mac` below 2^40. Answers its length. */
export function writeMessage(bytes: Buffer, at: number, transaction: number, mac: number, choice?: Choice): number {
  TEMPLATE.copy(bytes, at);
  bytes.writeUInt32BE(transaction, at + 4);
  writeMac(bytes, at + 28, mac);
  let end = at + VARIABLE_AT;
  bytes.set([97, 17, 0], end); // RFC 4578 §2.3: type 0, a GUID
  bytes.fill(0, end + 3, end + 13);
  writeMac(bytes, end + 13, mac);
  end += 19;
  if (choice) {
    bytes[at + OPTIONS_AT + 2] = 3;
    bytes.set([50, 4], end);
    bytes.writeUInt32BE(choice.address, end + 2);
    bytes.set([54, 4], end + 6);
    bytes.writeUInt32BE(choice.server, end + 8);
    end += 12;
  }
  bytes[end++] = 255;
  return Math.max(300, end - at);
}

/** Locally administered, so that it is nobody's. */
function writeMac(bytes: Buffer, at: number, mac: number): void {
  bytes[at] = 0x02;
  bytes[at + 1] = (mac / 0x1_0000_0000) & 255;
  bytes.writeUInt32BE(mac >>> 0, at + 2);
}

/** Scatters numbers over 40 bits without giving one twice: an odd factor is a permutation of them. */
export const scattered = (index: number): number => Number((BigInt(index) * 0x9e3779b97dn) & 0xff_ffff_ffffn);

export interface Reply {
  transaction: number;
  mac: number;
  kind: number;
  address: number;
  server: number;
}

/** Fills `reply`; false when the bytes are no DHCP reply to one of us. */
export function readReply(bytes: Buffer, at: number, length: number, reply: Reply): boolean {
  if (length < OPTIONS_AT + 4 || bytes[at] !== 2 || bytes[at + 28] !== 0x02 || bytes.readUInt32BE(at + 236) !== COOKIE) return false;
  reply.transaction = bytes.readUInt32BE(at + 4);
  reply.mac = bytes[at + 29]! * 0x1_0000_0000 + bytes.readUInt32BE(at + 30);
  reply.address = bytes.readUInt32BE(at + 16);
  reply.kind = 0;
  reply.server = 0;
  const end = at + length;
  for (let place = at + OPTIONS_AT; place + 1 < end && bytes[place] !== 255; ) {
    const code = bytes[place]!;
    if (code === 0) {
      place += 1;
      continue;
    }
    const size = bytes[place + 1]!;
    if (code === 53 && size === 1) reply.kind = bytes[place + 2]!;
    if (code === 54 && size === 4 && place + 6 <= end) reply.server = bytes.readUInt32BE(place + 2);
    place += 2 + size;
  }
  return reply.kind !== 0 && reply.server !== 0;
}
