/** Rook, as its project publishes it, and a Ceph cluster on the storage nodes. */
import type { AddOn, AddOnContext, Artifact } from "../../../cluster/extension.ts";
import { isBlock, type KubeObject, readManifest } from "../../../cluster/kubernetes/manifest.ts";
import { roleLabel } from "../../../cluster/kubernetes/role-label.ts";
import { layout } from "../../../cluster/layout.ts";
import { changed, fetchedText } from "../patch.ts";
import { isYes, written } from "../written.ts";

/** In the order in which the project has them applied. */
const MANIFESTS = ["crds.yaml", "common.yaml", "csi-operator.yaml", "operator.yaml"];
/** Which images its operator starts, one a line. */
const IMAGES = "images.txt";

export const rookCeph: AddOn = {
  name: "rook-ceph",
  artifacts: (context) => [...MANIFESTS, IMAGES].map((file) => artifactOf(context, file)),
  manifests(context, fetched) {
    const upstream = MANIFESTS.flatMap((file) => readManifest(fetchedText(fetched, artifactOf(context, file).path)));
    return [...changed(upstream, { kind: "Namespace", name: "rook-ceph" }, privileged), ...written("rook-ceph/cluster", valuesOf(context))];
  },
  images: (context, fetched) => [imageOf(context), ...imagesOfOperator(fetchedText(fetched, artifactOf(context, IMAGES).path))],
};

const artifactOf = ({ settings }: AddOnContext, file: string): Artifact => ({
  path: `${layout.addons}/rook-ceph/upstream/${file}`,
  url: `https://raw.githubusercontent.com/rook/rook/${settings["version"]}/deploy/examples/${file}`,
  verify: { by: "first-use" },
});

const imageOf = ({ settings }: AddOnContext): string => `quay.io/ceph/ceph:${settings["ceph"]}`;

/** Its own choice of Ceph is not ours, and object buckets are not set up here. */
function imagesOfOperator(text: string): readonly string[] {
  const names = text.split("\n").flatMap((line) => line.trim() || []);
  if (names.length === 0) throw new TypeError(`${IMAGES} of this version names no image; write a version: that does`);
  return names.filter((name) => !/^quay\.io\/ceph\/(ceph|cosi):|\/objectstorage-sidecar:/.test(name));
}

function privileged(namespace: KubeObject): KubeObject {
  const { labels } = namespace.metadata;
  return {
    ...namespace,
    metadata: { ...namespace.metadata, labels: { ...(isBlock(labels) ? labels : {}), "pod-security.kubernetes.io/enforce": "privileged" } },
  };
}

/** Three of everything where there are three nodes: monitors must be an odd number, and a copy more than nodes would wait for ever. */
function valuesOf(context: AddOnContext) {
  const { cluster, settings } = context;
  const nodes = cluster.machines.filter(({ roles }) => roles.includes("storage")).length;
  return {
    image: imageOf(context),
    label: roleLabel("storage"),
    monitors: nodes >= 3 ? 3 : 1,
    managers: nodes >= 2 ? 2 : 1,
    copies: Math.min(nodes, 3),
    allDevices: settings["devices"] === "empty",
    default: isYes(settings["default"]),
  };
}
