/** What a relay's note says, and that no note does worse than say nothing. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { addressIn, LINK_SELECTION, SERVER_OVERRIDE } from "../../../bootstrapper/dhcp/relay-agent.ts";

test.each([
  { when: "it stands alone", note: [5, 4, 10, 78, 0, 0], gets: "10.78.0.0" },
  { when: "it stands behind others", note: [1, 2, 7, 7, 2, 0, 5, 4, 10, 78, 0, 0], gets: "10.78.0.0" },
  { when: "it is not there", note: [1, 2, 5, 4], gets: undefined },
  { when: "it is too short", note: [5, 3, 10, 78, 0], gets: undefined },
  { when: "it is too long", note: [5, 5, 10, 78, 0, 0, 0], gets: undefined },
  { when: "it runs over the end", note: [5, 4, 10, 78], gets: undefined },
  { when: "another runs over the end", note: [1, 200, 5, 4, 10, 78, 0, 0], gets: undefined },
])("link selection is read although $when: $gets", ({ note, gets }) => {
  expect(addressIn(Uint8Array.from(note), LINK_SELECTION)).toBe(gets);
  expect(addressIn(Uint8Array.from(note), SERVER_OVERRIDE)).toBeUndefined();
});

test("any bytes are a note", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 255, size: "max" }), fc.nat({ max: 255 }), (note, wanted) => {
      expect(addressIn(note, wanted) ?? "0.0.0.0").toMatch(/^(\d+\.){3}\d+$/);
    }),
    { numRuns: 1000, endOnFailure: true },
  );
});
