import { expect, test } from "vitest";
import type { Cluster } from "../../../cluster/cluster.ts";
import { parse } from "../../../cluster/parse.ts";
import { kubernetesArtifacts, PARTS, placesOf } from "../../../templates/kubernetes/artifacts.ts";
import { CP, description } from "../../support/workshop.ts";

const ARM = '{ mac: "52:54:00:00:00:13", name: arm, arch: arm64 }';
function cluster(kubernetes: string, machines = [CP]): Cluster {
  const outcome = parse(`${description({ machines })}kubernetes: ${kubernetes}\n`, "d.yml");
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems));
  return outcome.cluster;
}

test("a release consists of these files, each with the hashes that its project publishes", () => {
  const found = kubernetesArtifacts(cluster("{ version: 1.37.1 }"));
  const GITHUB = "https://github.com";
  const at = (name: string) => `html/static/kubernetes/1.37.1/amd64/${name}`;
  const expected = [
    ["kubeadm", "https://dl.k8s.io/release/v1.37.1/bin/linux/amd64/kubeadm", ".sha256"],
    ["kubelet", "https://dl.k8s.io/release/v1.37.1/bin/linux/amd64/kubelet", ".sha256"],
    ["kubectl", "https://dl.k8s.io/release/v1.37.1/bin/linux/amd64/kubectl", ".sha256"],
    ["containerd.tar.gz", `${GITHUB}/containerd/containerd/releases/download/v2.3.4/containerd-2.3.4-linux-amd64.tar.gz`, ".sha256sum"],
    ["cni-plugins.tgz", `${GITHUB}/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz`, ".sha256"],
  ].map(([name, url, ending]) => ({ path: at(name!), url, verify: { by: "sums", sums: `${url}${ending}` } }));
  const runc = `${GITHUB}/opencontainers/runc/releases/download/v1.4.3/runc.amd64`;
  const crictl = `${GITHUB}/kubernetes-sigs/cri-tools/releases/download/v1.36.0/crictl-v1.36.0-linux-amd64.tar.gz`;
  expect(found).toEqual([
    ...expected.slice(0, 4),
    { path: at("runc"), url: runc, verify: { by: "sums", sums: runc.replace("runc.amd64", "runc.sha256sum") } },
    expected[4],
    { path: at("crictl"), url: crictl, verify: { by: "sums", sums: `${crictl}.sha256` }, member: "crictl" },
  ]);
});

test("releases stand side by side, for each processor that a machine has", () => {
  const paths = kubernetesArtifacts(cluster("{ version: 1.36.2, offered: [1.37.1] }", [CP, ARM])).map(({ path }) => path);
  expect(new Set(paths).size).toBe(4 * PARTS.length);
  for (const release of ["1.36.2", "1.37.1"])
    for (const architecture of ["amd64", "arm64"] as const)
      for (const place of Object.values(placesOf(release, architecture))) expect(paths).toContain(`html/static/${place}`);
});

test("a version that the description names is taken", () => {
  const urls = kubernetesArtifacts(cluster("{ version: 1.37.1, components: { containerd: 2.2.5 } }")).map(({ url }) => url);
  expect(urls.join(" ")).toContain("/containerd-2.2.5-linux-amd64.tar.gz");
});

test("machines that have etcd to themselves get the release of it that kubeadm would take, and nobody else does", () => {
  const etcd = ["arm64", "amd64", "amd64"].map(
    (arch, index) => `{ mac: "52:54:00:00:01:0${index}", name: etcd-${index}, address: 10.77.0.2${index}, roles: [etcd], arch: ${arch} }`,
  );
  const found = (machines: string[]) =>
    kubernetesArtifacts(cluster("{ version: 1.36.2 }", machines)).filter(({ path }) => path.includes("etcd"));
  const url = (arch: string) => `https://github.com/etcd-io/etcd/releases/download/v3.6.8/etcd-v3.6.8-linux-${arch}.tar.gz`;
  const sums = "https://github.com/etcd-io/etcd/releases/download/v3.6.8/SHA256SUMS";
  const row = (arch: string) => ({
    path: `html/static/kubernetes/1.36.2/${arch}/etcd.tar.gz`,
    url: url(arch),
    verify: { by: "sums", sums },
  });
  expect(found([CP, ...etcd])).toEqual([row("arm64"), row("amd64")]);
  expect(found([CP])).toEqual([]);
  expect(found([CP.replace("[control-plane]", "[control-plane, etcd]")])).toEqual([]);
});

test("without Kubernetes there are none, and a release that is not exact has no place", () => {
  expect(kubernetesArtifacts(cluster("{}"))).toEqual([]);
  expect(() => placesOf("1.36", "amd64")).toThrow(/no exact release yet/);
});
