/** What follows from the objects of an add-on: the images it pulls, the namespaces it is in, what of a chart is applied. */
import { describe, expect, test } from "vitest";
import { withoutHooks } from "../../../bsroot-builder/addons/chart-hooks.ts";
import { imagesOf } from "../../../bsroot-builder/addons/images.ts";
import { inNamespace, missingNamespaces, withNamespace } from "../../../bsroot-builder/addons/namespaces.ts";
import { prepareAddOns } from "../../../bsroot-builder/addons/prepare.ts";
import { clusterObjection, referencesIn } from "../../../bsroot-builder/closed-world/manifests.ts";
import { type KubeObject, readManifest } from "../../../cluster/kubernetes/manifest.ts";
import { rackWith } from "../../templates/addons/sample-add-ons.ts";

const object = (kind: string, name: string, more: object = {}, apiVersion = "v1"): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name },
  ...more,
});
const annotated = (name: string, annotations: object): KubeObject => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name, annotations },
});

describe("images are found", () => {
  test.each([
    { where: "in containers", spec: { containers: [{ image: "nginx:1.27" }] }, images: ["docker.io/library/nginx:1.27"] },
    { where: "in custom resources", spec: { cephVersion: { image: "quay.io/ceph/ceph:v20.2.4" } }, images: ["quay.io/ceph/ceph:v20.2.4"] },
    {
      where: "in arguments of operators",
      spec: { args: ["--acme-http01-solver-image=quay.io/jetstack/solver:v1", "--v=2"] },
      images: ["quay.io/jetstack/solver:v1"],
    },
    {
      where: "in variables of operators",
      spec: { env: [{ name: "ROOK_CSI_IMAGE", value: "quay.io/cephcsi/cephcsi:v3" }] },
      images: ["quay.io/cephcsi/cephcsi:v3"],
    },
    { where: "once, however often they stand there", spec: { a: { image: "a.io/b:1" }, c: [{ image: "a.io/b:1" }] }, images: ["a.io/b:1"] },
    {
      where: "not in other settings about images",
      spec: { args: ["--image-pull-policy=IfNotPresent", "--kubelet-service=kube-system/kubelet"] },
      images: [],
    },
    { where: "not in a version without origin", spec: { env: [{ name: "IMAGE_TAG", value: "v1.2" }] }, images: [] },
  ])("$where", ({ spec, images }) => {
    expect(imagesOf([object("Thing", "x", { spec })])).toEqual(images);
  });

  test("in manifests that a ConfigMap holds, and not in pages of Grafana", () => {
    const data = {
      "helperPod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: { name: x }\nspec: { containers: [{ image: 'busybox:1.37.0' }] }\n",
      "page.json": '{"panels": [{"image": "not an image"}]}',
    };
    expect(imagesOf([object("ConfigMap", "x", { data })])).toEqual(["docker.io/library/busybox:1.37.0"]);
  });

  test("never in definitions of kinds", () => {
    expect(
      imagesOf([object("CustomResourceDefinition", "x", { spec: { image: { type: "string" }, example: { image: "a.io/b:1" } } })]),
    ).toEqual([]);
  });
});

describe("addresses", () => {
  const cluster = rackWith([]);
  const world = { cluster, namespaces: new Set(["monitoring"]), hosts: new Set(["10.0.0.1"]), statics: new Set(["tools/x"]) };
  test.each([
    { url: "http://prometheus.monitoring:9090", because: undefined },
    { url: "http://prometheus:9090/", because: undefined },
    { url: "https://opensearch.logging.svc:9200", because: undefined },
    { url: "https://kubernetes.default.svc.cluster.local", because: undefined },
    { url: "http://127.0.0.1:8082/ping", because: undefined },
    { url: "https://10.96.0.1:443", because: undefined },
    { url: "https://headlamp.apps.cluster.example", because: undefined },
    { url: "http://10.0.0.1/static/tools/x", because: undefined },
    { url: "http://10.0.0.1/static/tools/y", because: "is not in the bsroot: html/static/tools/y is missing" },
    { url: "https://grafana.com/api/plugins", because: "leads out of the closed network, to grafana.com" },
    { url: "http://prometheus.elsewhere:9090", because: "leads out of the closed network, to prometheus.elsewhere" },
    { url: "https://8.8.8.8/dns-query", because: "leads out of the closed network, to 8.8.8.8" },
  ])("$url: $because", ({ url, because }) => {
    expect(clusterObjection(url, world)).toBe(because);
  });

  test("are those that programs follow, not those for people", () => {
    const objects = [
      object("Deployment", "x", { spec: { args: ["--url=https://a.example/x"], env: [{ value: "https://$(HOST):1/" }] } }),
      object("ConfigMap", "x", {
        data: {
          "app.ini": "; see https://b.example\n# or https://c.example\nurl = https://d.example\n",
          "page.json": '{"panels": [], "link": "https://e.example"}',
        },
      }),
      object("PrometheusRule", "x", { spec: { annotations: { runbook_url: "https://f.example" } } }),
      object("CustomResourceDefinition", "x", { spec: { description: "https://g.example" } }),
    ];
    expect(referencesIn(objects)).toEqual(["https://a.example/x", "https://d.example"]);
  });
});

describe("a chart", () => {
  const base = rackWith([]);
  const charts = [{ name: "shop", namespace: "shop", url: "https://c.example/shop-1.tgz", values: "" }];
  const rack = { ...base, kubernetes: { ...base.kubernetes, charts } };
  const ARCHIVE = "html/static/addons/shop/upstream/shop-1.tgz";

  test("is in its namespace where it does not say so, and has that made", () => {
    const cluster = object("ClusterRole", "x", {}, "rbac.authorization.k8s.io/v1");
    const thing = object("Thing", "x", {}, "example.com/v1");
    const definition = object(
      "CustomResourceDefinition",
      "things",
      { spec: { group: "example.com", scope: "Cluster", names: { kind: "Thing" } } },
      "apiextensions.k8s.io/v1",
    );
    const elsewhere = { ...object("Role", "x", {}, "rbac.authorization.k8s.io/v1"), metadata: { name: "x", namespace: "kube-system" } };
    const placed = inNamespace(withNamespace([definition, cluster, thing, object("Service", "x"), elsewhere], "shop"), "shop");
    expect(placed.map(({ kind, metadata }) => [kind, metadata.namespace])).toEqual([
      ["Namespace", undefined],
      ["CustomResourceDefinition", undefined],
      ["ClusterRole", undefined],
      ["Thing", undefined],
      ["Service", "shop"],
      ["Role", "kube-system"],
    ]);
    expect(missingNamespaces(placed)).toEqual([]);
    expect(missingNamespaces(placed.slice(1))).toEqual(["shop"]);
    expect(withNamespace([], "kube-system")).toEqual([]);
  });

  test("has its hooks before and after the rest, by weight, and those of upgrades, removals and tests nowhere", () => {
    const objects = [
      annotated("after", { "helm.sh/hook": "post-install,post-upgrade" }),
      object("Service", "plain"),
      annotated("second", { "helm.sh/hook": "pre-install", "helm.sh/hook-weight": "5" }),
      annotated("first", { "helm.sh/hook": "pre-install, pre-upgrade", "helm.sh/hook-weight": "-5" }),
      annotated("never", { "helm.sh/hook": "pre-delete" }),
      annotated("test", { "helm.sh/hook": "test" }),
    ];
    expect(withoutHooks(objects).map(({ metadata }) => metadata.name)).toEqual(["first", "second", "plain", "after"]);
  });

  test("is well without Jobs that Kubernetes deletes when they have ended", () => {
    const job = (name: string, spec: string): string => `apiVersion: batch/v1\nkind: Job\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
    const rendered = `${job("stays", "{}")}---\n${job("goes", "{ ttlSecondsAfterFinished: 0 }")}`;
    const [prepared] = prepareAddOns(rack, new Map([[ARCHIVE, rendered]]));
    expect(prepared?.workloads).toEqual([{ kind: "Job", namespace: "shop", name: "stays" }]);
    expect(prepared?.objects.map(({ metadata }) => metadata.name)).toEqual(["stays", "goes"]);
  });

  test.each([
    { rendered: "", says: "chart shop: renders to nothing; its values turn everything off" },
    { rendered: "kind: Service\n", says: "chart shop: has no apiVersion, kind and metadata.name in document 1" },
    {
      rendered: "---\napiVersion: v1\nkind: Service\nmetadata: { name: a }\n".repeat(2),
      says: "chart shop: has Service shop/a twice, and nobody can tell which is meant",
    },
  ])("is an error: $says", ({ rendered, says }) => {
    expect(() => prepareAddOns(rack, new Map([[ARCHIVE, rendered]]))).toThrow(says);
    expect(readManifest("")).toEqual([]);
  });
});
