import { expect, test } from "vitest";
import { formatProblem, parse } from "../../../cluster/parse.ts";
import { fixture } from "../golden.ts";

/** The small description whose first machine has this beside its other fields, with this system for all. */
function read(fields: string, os = "{ target: flatcar, version: 4593.2.5 }") {
  const text = fixture("small.yml").replace(/^os: .*$/m, `os: ${os}`);
  return parse(text.replace(/^( *- \{ mac: [^}]*?)( \})$/m, `$1, ${fields}$2`), "x.yml");
}
const machine = (fields: string, os?: string) => {
  const parsed = read(fields, os);
  return parsed.ok ? parsed.cluster.machines[0] : parsed.problems.map(formatProblem);
};
const says = (fields: string, os?: string): string => {
  const found = machine(fields, os);
  return Array.isArray(found) ? found.join("\n") : "";
};

test("a machine with a GPU bears the label by which pods find it", () => {
  expect(machine("gpu: { drivers: 570-open }")).toMatchObject({
    gpu: { drivers: "570-open", runtime: "1.17.9" },
    labels: { "nvidia.com/gpu.present": "true" },
  });
  expect(machine("arch: amd64")).not.toHaveProperty("gpu");
});

test.each([
  { os: "{ target: debian, version: 13 }", told: "there is no driver for debian that works on any of its kernels" },
  { os: "{ target: fedora-coreos }", told: "there is no driver for fedora-coreos" },
  {
    os: "{ target: flatcar, version: 4230.2.1 }",
    told: "Flatcar 4230.2.1 has no driver ready; write version: current, or 4344.0.0 or newer",
  },
])("of $os is told: $told", ({ os, told }) => {
  expect(says("gpu: { drivers: 570-open }", os)).toContain(told);
});

test.each([
  { fields: "gpu: { drivers: 384.98 }", told: "is not a branch of NVIDIA's driver" },
  { fields: "gpu: { driver: 570 }", told: "is not a field here; write drivers" },
  { fields: "gpu: yes", told: "must be a block of fields; write fields such as drivers: 570-open" },
  { fields: "arch: arm64, gpu: { drivers: 570-open }", told: "for amd64 only; leave gpu: out" },
])("in $fields is told: $told", ({ fields, told }) => {
  expect(says(fields)).toContain(told);
});
