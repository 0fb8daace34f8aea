import { expect, test } from "vitest";
import { parseArp } from "../../bootstrapper/neighbours.ts";

test("only neighbours that answered are believed", () => {
  const text = `IP address       HW type     Flags       HW address            Mask     Device
10.77.0.11       0x1         0x2         52:54:00:00:00:11     *        br0
10.77.0.12       0x1         0x0         00:00:00:00:00:00     *        br0
10.77.0.13       0x1         0x6         52:54:00:00:00:13     *        br0
`;
  expect(parseArp(text)).toEqual([
    { address: "10.77.0.11", mac: "52:54:00:00:00:11" },
    { address: "10.77.0.13", mac: "52:54:00:00:00:13" },
  ]);
  expect(parseArp("")).toEqual([]);
});
