/** A whole zone as a row of messages: its SOA, everything else, its SOA again. RFC 5936, RFC 1995. */
import type { Query } from "./message.ts";
import type { Rr } from "./record.ts";
import { HEADER_SIZE } from "./survey.ts";
import { Writer } from "./writer.ts";
import { everything, leasedRecords, type Source, soaOf } from "./zone/lookup.ts";
import type { Zone } from "./zone/zone.ts";

/** Bytes of one message: many small ones leave room for other clients in between. */
const MESSAGE_SIZE = 16_000;

/** Everything of the zone as it is now, SOA first and last. */
export function zoneRecords(zone: Zone, source: Source): readonly Rr[] {
  const soa = soaOf(zone, source);
  const names = new Set([zone.apex, ...zone.fixed.keys(), ...zone.written.keys()]);
  const [, ...atApex] = everything(zone, zone.apex, source);
  names.delete(zone.apex);
  return [soa, ...atApex, ...[...names].flatMap((name) => everything(zone, name, source)), ...leasedRecords(zone, source), soa];
}

/** Only the first message repeats the question (RFC 5936 §2.2.1). Each is made when it is asked for. */
export function* transferMessages(query: Query, records: readonly Rr[], opt: Buffer | undefined): Generator<Buffer> {
  for (let next = 0, first = true; next < records.length; first = false) {
    const writer = new Writer();
    const extra = first ? opt : undefined;
    writer.uint16(query.id);
    writer.uint16(0x8400 | (query.recursionDesired ? 0x0100 : 0));
    for (const count of [first ? 1 : 0, 0, 0, extra ? 1 : 0]) writer.uint16(count);
    if (first) {
      writer.raw(query.raw);
      writer.knows(query.name, HEADER_SIZE);
    }
    const from = next;
    while (next < records.length && writer.length < MESSAGE_SIZE) writer.record(records[next++]!);
    writer.setUint16(6, next - from);
    if (extra) writer.raw(extra);
    yield writer.done();
  }
}
