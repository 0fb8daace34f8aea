/** Flags of Kubernetes' programs in a description. */
import { expect, test } from "vitest";
import { formatProblem, parse } from "../../../cluster/parse.ts";

const description = (flags: string): string => `cluster: demo
domain: demo.lan
network: { subnet: 10.77.0.0/24, bootstrapper: 10.77.0.1, range: 10.77.0.100-10.77.0.199 }
kubernetes:
  version: 1.36.2
  flags: ${flags}
machines: [{ mac: "52:54:00:00:00:11", name: cp-1, roles: [control-plane] }]
`;

function read(flags: string) {
  const parsed = parse(description(flags), "c.yml");
  if (!parsed.ok) throw new Error(parsed.problems.map((one) => formatProblem(one).replace(/^c\.yml:\d+:\d+: /, "")).join("\n"));
  return parsed.cluster.kubernetes.flags;
}

test("are text, whatever YAML takes them for, with or without their dashes", () => {
  expect(
    read('{ apiServer: { --oidc-issuer-url: "https://login.example.com" }, kubelet: { serialize-image-pulls: false, v: 4 } }'),
  ).toEqual({
    apiServer: { "oidc-issuer-url": "https://login.example.com" },
    controllerManager: {},
    scheduler: {},
    kubelet: { "serialize-image-pulls": "false", v: "4" },
  });
});

test.each([
  {
    flags: "{ apiServer: { service-node-port-range: 1-2 } }",
    says: '"service-node-port-range" follows from something else; write nodePorts',
  },
  { flags: "{ kubelet: { --max-pods: 10 } }", says: '"max-pods" follows from something else; write maxPods' },
  { flags: "{ controllerManager: { root-ca-file: /x } }", says: '"root-ca-file" is what the rest stands on; leave it out' },
  { flags: "{ scheduler: { Feature Gates: x } }", says: '"Feature Gates" is not a flag; write it as the program\'s --help has it' },
  { flags: '{ scheduler: { v: "4\\n- evil" } }', says: "is not a setting; write one line of text" },
  { flags: "{ etcd: { snapshot-count: 5 } }", says: "kubernetes.flags" },
  { flags: "{ kube-scheduler: { v: 4 } }", says: "scheduler" },
  { flags: "{ apiServer: [a] }", says: "must be a block of flags; write one per line, as in oidc-issuer-url: value" },
])("$flags is refused", ({ flags, says }) => {
  expect(() => read(flags)).toThrow(says);
});
