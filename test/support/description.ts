/** A small description on the loopback network, where tests may take any address. */
import type { Cluster } from "../../cluster/cluster.ts";
import { formatProblem, parse } from "../../cluster/parse.ts";

export const DESCRIPTION = `cluster: demo
domain: demo.lan
network:
  subnet: 127.0.0.0/24
  bootstrapper: 127.0.0.1
  range: 127.0.0.100-127.0.0.109
os: { target: raw-image, image: "https://example.org/node.img.zst", kernel: "https://example.org/vmlinuz", initrd: "https://example.org/initrd" }
sshKeys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGCmRAHVYFrLMhb8PvMqNbDbJEFMlIFPKuR8SfwgVwCt you@laptop]
machines:
  - { mac: "52:54:00:00:00:11", name: cp-1, address: 127.0.0.11, roles: [control-plane] }
  - { mac: "52:54:00:00:00:21", name: worker-1, address: 127.0.0.21 }
  - { mac: "52:54:00:00:00:22", name: worker-2 }
`;

/** Throws what parse complains about. */
export function described(text: string = DESCRIPTION): Cluster {
  const parsed = parse(text, "cluster-desc.yml");
  if (parsed.ok) return parsed.cluster;
  throw new Error(parsed.problems.map(formatProblem).join("\n"));
}
