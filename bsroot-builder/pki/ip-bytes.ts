/** Addresses in certificates: the bytes that stand there, and how OpenSSL, and so node, prints them again. */

/** 4 bytes of "10.0.0.1", 16 of "::1". */
export const ipBytes = (address: string): Buffer =>
  address.includes(":")
    ? Buffer.from(groupsOf(address).flatMap((group) => [group >> 8, group & 0xff]))
    : Buffer.from(address.split(".").map(Number));

/** "10.0.0.1"; "0:0:0:0:0:0:0:1" for "::1". */
export const ipPrinted = (address: string): string =>
  address.includes(":")
    ? groupsOf(address)
        .map((group) => group.toString(16).toUpperCase())
        .join(":")
    : address;

/** `::` stands for as many zeros as are missing (RFC 4291 §2.2). */
function groupsOf(address: string): readonly number[] {
  const [before, after] = address
    .split("::")
    .map((half) => (half === "" ? [] : half.split(":").map((group) => Number.parseInt(group, 16))));
  if (!after) return before!;
  return [...before!, ...Array<number>(8 - before!.length - after.length).fill(0), ...after];
}
