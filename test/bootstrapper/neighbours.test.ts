import { expect, test } from "vitest";
import { type Neighbour, neighbours, parseArp } from "../../bootstrapper/neighbours.ts";
import { ipv4, mac } from "../../cluster/address.ts";

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

test("a machine that comes in the moment in which it asks is found, though the table was read just before", () => {
  const came = { address: "10.0.0.7", mac: mac("52:54:00:00:00:07") };
  let [clock, readings] = [0, 0];
  let table: Neighbour[] = [];
  const read = () => {
    readings += 1;
    return table;
  };
  const { neighbourAt, addressOfNeighbour } = neighbours(read, () => clock);
  expect(neighbourAt(ipv4("10.0.0.7"))).toBeUndefined();
  table = [came];
  clock += 5;
  expect(neighbourAt(ipv4("10.0.0.7"))).toBe(came.mac);
  for (let asked = 0; asked < 1000; asked += 1) {
    expect(neighbourAt(ipv4("10.0.0.7"))).toBe(came.mac);
    expect(addressOfNeighbour(mac("52:54:00:00:00:99"))).toBeUndefined();
  }
  expect(readings).toBe(2);
});
