/** What every add-on must hold to: called once for each by test/templates/addons/addons.test.ts. */
import { describe, expect, test } from "vitest";
import { missingNamespaces } from "../../bsroot-builder/addons/namespaces.ts";
import type { Prepared } from "../../bsroot-builder/addons/prepare.ts";
import { clusterObjection, referencesIn } from "../../bsroot-builder/closed-world/manifests.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { AddOn } from "../../cluster/extension.ts";
import { imageReference } from "../../cluster/image-reference.ts";
import { type AddOnRow, settingsOf } from "../../cluster/kubernetes/addons.ts";
import { type Block, called, isBlock, type KubeObject, readManifest, writeManifest } from "../../cluster/kubernetes/manifest.ts";

export interface AddOnSample {
  readonly addOn: AddOn;
  readonly row: AddOnRow;
  readonly cluster: Cluster;
  readonly prepared: Prepared;
  /** What it makes of keys and passwords. */
  readonly secrets: readonly KubeObject[];
}

export function addOnContract({ addOn, row, cluster, prepared, secrets }: AddOnSample): void {
  const all = [...prepared.definitions, ...prepared.secrets, ...secrets, ...prepared.objects];
  const pods = all.flatMap(podsOf);

  describe(`${addOn.name} is an add-on`, () => {
    test("it says in a sentence what it is, and of every setting what that does", () => {
      expect(row.summary).toMatch(/^[A-Za-z].{15,}[^.]$/);
      for (const { summary } of Object.values(row.settings)) expect(summary).toMatch(/^[A-Z].{10,}\.$/);
    });

    test("what a setting is when it is not said can be said too", () => {
      const said = Object.fromEntries(
        Object.entries(row.settings).flatMap(([key, { otherwise }]) => (otherwise === "" ? [] : [[key, otherwise]])),
      );
      expect(settingsOf(addOn.name, said)).toEqual(settingsOf(addOn.name, {}));
    });

    test("what is applied reads back as it was written", () => {
      expect(readManifest(writeManifest(all))).toEqual(JSON.parse(JSON.stringify(all)));
    });

    test("every image says where it comes from and which version it is", () => {
      for (const name of prepared.images) {
        const { origin, tag, digest } = imageReference(name);
        expect(origin, name).toMatch(/\./);
        expect(digest ?? tag, name).toMatch(/\d/);
        expect(tag, name).not.toBe("latest");
      }
    });

    test("every container's image is among them", () => {
      const named = pods.flatMap(({ pod }) => containersOf(pod)).map(({ image }) => imageReference(String(image)).name);
      expect(prepared.images).toEqual(expect.arrayContaining([...new Set(named)]));
    });

    test("nothing in it leads out of the closed network", () => {
      const namespaces = new Set(all.flatMap(({ metadata }) => metadata.namespace ?? []));
      const world = { cluster, namespaces, hosts: new Set<string>([cluster.network.bootstrapper]), statics: new Set<string>() };
      expect(referencesIn(all).filter((url) => clusterObjection(url, world) !== undefined)).toEqual([]);
    });

    test("namespaces come before what is in them", () => {
      expect(missingNamespaces(all)).toEqual([]);
    });

    test("each object is there once", () => {
      expect(new Set(all.map((one) => `${one.apiVersion} ${called(one)}`)).size).toBe(all.length);
    });

    test("what its pods refer to is there: accounts, settings, secrets", () => {
      const there = new Set(all.map(called));
      for (const { pod, namespace } of pods) {
        const { serviceAccountName } = pod;
        if (serviceAccountName !== undefined) expect(there).toContain(`ServiceAccount ${namespace}/${String(serviceAccountName)}`);
        for (const reference of referencesOfPod(pod)) expect(there).toContain(`${reference.kind} ${namespace}/${reference.name}`);
      }
    });

    test("its bindings bind roles and accounts that are there", () => {
      const there = new Set(all.map(called));
      for (const { roleRef, subjects } of all.filter(({ kind }) => kind.endsWith("RoleBinding")) as unknown as Binding[]) {
        if (roleRef.kind === "ClusterRole" && !BUILT_IN.test(roleRef.name)) expect(there).toContain(`ClusterRole ${roleRef.name}`);
        for (const { kind, namespace, name } of subjects)
          if (kind === "ServiceAccount") expect(there).toContain(`ServiceAccount ${namespace}/${name}`);
      }
    });

    test("workloads select the pods that they make, and services some of them", () => {
      for (const { object, labels } of pods) {
        const { selector } = object["spec"] as { selector?: { matchLabels: Block } };
        if (selector) expect(labels).toMatchObject(selector.matchLabels);
      }
      for (const { kind, metadata, spec } of all) {
        if (kind !== "Service" || !isBlock(spec) || !isBlock(spec["selector"])) continue;
        const { selector } = spec;
        const matching = pods.filter(({ namespace, labels }) => namespace === metadata.namespace && isWithin(selector as Block, labels));
        expect(matching, metadata.name).not.toEqual([]);
      }
    });

    test("where pods reach into the node, the namespace is labelled for it", () => {
      const privileged = new Set(
        all.flatMap(({ kind, metadata: { name, labels } }) =>
          kind === "Namespace" && isBlock(labels) && labels["pod-security.kubernetes.io/enforce"] === "privileged" ? [name] : [],
        ),
      );
      for (const { pod, namespace } of pods)
        if (reachesIntoNode(pod) && namespace !== "kube-system") expect(privileged).toContain(namespace);
    });

    test("nothing that is served is a secret", () => {
      for (const { kind, data, stringData } of [...prepared.definitions, ...prepared.objects]) {
        if (kind === "Secret") expect([data, stringData].filter((part) => part !== undefined)).toEqual([]);
      }
    });

    test("what must be well is what it deploys", () => {
      const workloads = all.filter(({ kind }) => /^(Deployment|DaemonSet|StatefulSet|Job)$/.test(kind)).map(called);
      const named = prepared.workloads.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
      expect(named).toEqual(expect.arrayContaining(workloads));
      expect(new Set(named).size).toBe(named.length);
    });
  });
}

interface Binding {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

/** Roles that every cluster has. */
const BUILT_IN = /^(system:|cluster-admin$|extension-)/;

interface PodOf {
  readonly object: KubeObject;
  readonly namespace: string;
  readonly labels: Block;
  readonly pod: Block;
}

function podsOf(object: KubeObject): readonly PodOf[] {
  const { spec, metadata } = object;
  const template = isBlock(spec) ? spec["template"] : undefined;
  if (!isBlock(template) || !isBlock(template["spec"])) return [];
  const { labels } = isBlock(template["metadata"]) ? template["metadata"] : {};
  return [{ object, namespace: metadata.namespace ?? "default", labels: isBlock(labels) ? labels : {}, pod: template["spec"] }];
}

const listOf = (value: unknown): readonly Block[] => (Array.isArray(value) ? value.filter(isBlock) : []);
const containersOf = (pod: Block): readonly Block[] => [...listOf(pod["initContainers"]), ...listOf(pod["containers"])];
const isWithin = (part: Block, whole: Block): boolean => Object.entries(part).every(([key, value]) => whole[key] === value);

function referencesOfPod(pod: Block): readonly { readonly kind: string; readonly name: string }[] {
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  const volumes = listOf(pod["volumes"]).flatMap(({ configMap, secret }) => [
    { kind: "ConfigMap", name: isBlock(configMap) && configMap["optional"] !== true ? text(configMap["name"]) : undefined },
    { kind: "Secret", name: isBlock(secret) && secret["optional"] !== true ? text(secret["secretName"]) : undefined },
  ]);
  const environment = containersOf(pod)
    .flatMap(({ env }) => listOf(env))
    .flatMap(({ valueFrom }) => {
      const { configMapKeyRef, secretKeyRef } = isBlock(valueFrom) ? valueFrom : {};
      return [
        { kind: "ConfigMap", name: isBlock(configMapKeyRef) ? text(configMapKeyRef["name"]) : undefined },
        { kind: "Secret", name: isBlock(secretKeyRef) ? text(secretKeyRef["name"]) : undefined },
      ];
    });
  return [...volumes, ...environment].flatMap(({ kind, name }) => (name === undefined ? [] : [{ kind, name }]));
}

function reachesIntoNode(pod: Block): boolean {
  const privileged = containersOf(pod).some(({ securityContext }) => isBlock(securityContext) && securityContext["privileged"] === true);
  return (
    privileged ||
    pod["hostNetwork"] === true ||
    pod["hostPID"] === true ||
    listOf(pod["volumes"]).some(({ hostPath }) => hostPath !== undefined)
  );
}
