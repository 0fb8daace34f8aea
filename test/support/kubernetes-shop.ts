/** Where a build with Kubernetes can get everything without internet: programs as their projects publish them, and images in a real registry. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { create } from "tar";
import { imageReference } from "../../cluster/image-reference.ts";
import type { KubeadmTags } from "../../cluster/kubernetes/images.ts";
import { loaderArtifacts } from "../../templates/registry.ts";
import { makeImage, type Origin } from "./container-image.ts";
import type { Workshop } from "./workshop.ts";

export const hashOf = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Loaders and a system to install; answers YAML of `os:`. */
export async function placeSystem(shop: Workshop): Promise<string> {
  for (const { member } of loaderArtifacts()) await shop.put(`src/${member}`, member!);
  await create({ gzip: true, file: shop.path("src/ipxeboot.tar.gz"), cwd: shop.path("src") }, ["ipxeboot"]);
  for (const name of ["vmlinuz", "initrd", "image.raw"]) await shop.put(`src/${name}`, name);
  const source = (field: string, name: string) => `${field}: { url: "file://${shop.path("src", name)}" }`;
  return `{ target: raw-image, ${[source("image", "image.raw"), source("kernel", "vmlinuz"), source("initrd", "initrd")].join(", ")} }`;
}

/** skopeo takes what stands behind a colon for the image's name. */
export const layoutOf = (shop: Workshop, image: string): string => shop.path("images", image.replace(":", "-"));

/** Small images of these names, whatever their origin. */
export async function pushImages(shop: Workshop, origin: Origin, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { repository, tag } = imageReference(name);
    const layout = layoutOf(shop, `${repository}:${tag}`);
    makeImage(layout, name, ["amd64"]);
    await origin.push(layout, `${repository}:${tag}`);
  }
}

const GITHUB = "https://github.com";

/** `mirrors:` of a description. */
export const mirrorsOf = (shop: Workshop, origin: Origin): Readonly<Record<string, string>> => ({
  [`${GITHUB}/ipxe/ipxe/releases/download/v2.0.0`]: "./src",
  ...Object.fromEntries(
    ["registry.k8s.io", "ghcr.io", "quay.io", "registry-1.docker.io", "registry.example.com"].map((host) => [
      `https://${host}`,
      origin.url,
    ]),
  ),
  "https://dl.k8s.io": `${shop.mirror.url}/k8s`,
  "https://raw.githubusercontent.com": `${shop.mirror.url}/raw`,
  [GITHUB]: `${shop.mirror.url}/github`,
  "https://tools.example.com": `${shop.mirror.url}/tools`,
});

/** What dl.k8s.io and the projects on GitHub have, in their own layouts. */
export async function publishKubernetes(shop: Workshop, release: string, tags: KubeadmTags): Promise<void> {
  const { put } = shop.mirror;
  put("/k8s/release/stable-1.36.txt", `v${release}\n`);
  put(
    `/raw/kubernetes/kubernetes/v${release}/cmd/kubeadm/app/constants/constants.go`,
    `PauseVersion = "${tags.pause}"\nCoreDNSVersion = "${tags.coredns}"\nSupportedEtcdVersion = map[uint8]string{\n\t36: "${tags.etcd}",\n}\n`,
  );
  for (const name of ["kubeadm", "kubelet", "kubectl"]) {
    put(`/k8s/release/v${release}/bin/linux/amd64/${name}`, `the ${name}`);
    put(`/k8s/release/v${release}/bin/linux/amd64/${name}.sha256`, hashOf(`the ${name}`));
  }
  await shop.put("crictl/crictl", "the crictl");
  await create({ gzip: true, file: shop.path("crictl.tar.gz"), cwd: shop.path("crictl") }, ["crictl"]);
  const crictl = await readFile(shop.path("crictl.tar.gz"));
  const released = (path: string, bytes: string | Uint8Array, sums: string, text: (hash: string, name: string) => string) => {
    put(`/github${path}`, bytes);
    put(`/github${sums}`, text(hashOf(bytes), path.split("/").at(-1)!));
  };
  const line = (hash: string, name: string) => `${hash}  ${name}\n`;
  const containerd = "/containerd/containerd/releases/download/v2.3.4/containerd-2.3.4-linux-amd64.tar.gz";
  released(containerd, "the containerd", `${containerd}.sha256sum`, line);
  const runc = "/opencontainers/runc/releases/download/v1.4.3/runc.amd64";
  released(
    runc,
    "the runc",
    runc.replace("runc.amd64", "runc.sha256sum"),
    (hash, name) => `${hashOf("arm")} *runc.arm64\n${hash} *${name}\n`,
  );
  const plugins = "/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz";
  released(plugins, "the plugins", `${plugins}.sha256`, line);
  const tools = "/kubernetes-sigs/cri-tools/releases/download/v1.36.0/crictl-v1.36.0-linux-amd64.tar.gz";
  released(tools, crictl, `${tools}.sha256`, (hash) => `${hash}\n`);
}
