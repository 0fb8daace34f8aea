import { expect, test } from "vitest";
import { parse } from "../../cluster/parse.ts";
import { starter } from "../../cluster/starter.ts";

test("the starter is refused for its placeholders only, each with a word on what belongs there", () => {
  const parsed = parse(starter, "cluster-desc.yml");
  expect(parsed).toMatchObject({
    ok: false,
    warnings: [],
    problems: [
      {
        path: "sshKeys[0]",
        message: expect.stringContaining("only a placeholder; write the one line of a file such as ~/.ssh/id_ed25519.pub"),
      },
      ...[0, 1, 2].map((index) => ({
        path: `machines[${index}].mac`,
        message: expect.stringContaining("is a placeholder; write the machine's own MAC address"),
      })),
    ],
  });
});

test("with real MACs and a key it is a cluster of three", () => {
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDc5JAWo8S56rAkPZ0xJU21i4ZTaqvDt7M8KacHfEonq me";
  const text = starter.replaceAll("XX:XX:XX:XX:XX", "52:54:00:00:00").replace(/ssh-ed25519 .*/, key);
  expect(parse(text, "cluster-desc.yml")).toMatchObject({
    ok: true,
    warnings: [],
    cluster: { name: "demo", machines: [{ roles: ["control-plane"] }, { roles: ["worker"] }, { roles: ["worker"] }] },
  });
});

test("every line that is commented out is one that may be written", () => {
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDc5JAWo8S56rAkPZ0xJU21i4ZTaqvDt7M8KacHfEonq me";
  const text = starter
    .replaceAll("XX:XX:XX:XX:XX", "52:54:00:00:00")
    .replace(/ssh-ed25519 .*/, key)
    .replace(/^( *)# (\w+: [{\w[])/gm, "$1$2");
  expect(text).not.toBe(starter);
  expect(parse(text, "cluster-desc.yml")).toMatchObject({ ok: true, cluster: { network: { dhcp: "proxy", upstream: ["9.9.9.9"] } } });
});

test("it fits on a screen", () => {
  expect(starter.split("\n").length).toBeLessThan(40);
});
