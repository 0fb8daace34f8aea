/** As much of an API server as we speak to, over real TLS at real addresses: objects by path, lists, server-side apply, discovery; and every way to be of no use. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ClusterPki } from "../../support/cluster-pki.ts";

export type Json = Record<string, unknown>;
interface Meta {
  name?: string;
  uid?: string;
  namespace?: string;
  labels?: Record<string, string>;
  resourceVersion?: string;
}
export interface Thing extends Json {
  kind: string;
  metadata: Meta;
}

/** What all API servers of one cluster share: their etcd. */
export class FakeCluster {
  /** By the path of their collection and their name: "/api/v1/nodes/w-1". */
  readonly objects = new Map<string, Thing>();
  readonly asked: { readonly at: string; readonly method: string; readonly path: string; readonly by: string; readonly body: string }[] =
    [];
  /** Group and version -> kind -> plural; a name with a dot is cluster-wide: "nodes." */
  readonly resources = new Map<string, Record<string, string>>([
    [
      "v1",
      {
        Namespace: "namespaces.",
        Node: "nodes.",
        Secret: "secrets",
        ServiceAccount: "serviceaccounts",
        ConfigMap: "configmaps",
        Service: "services",
        Pod: "pods",
      },
    ],
    ["apps/v1", { Deployment: "deployments", DaemonSet: "daemonsets", StatefulSet: "statefulsets" }],
    ["batch/v1", { Job: "jobs" }],
    ["apiregistration.k8s.io/v1", { APIService: "apiservices." }],
    ["apiextensions.k8s.io/v1", { CustomResourceDefinition: "customresourcedefinitions." }],
    ["rbac.authorization.k8s.io/v1", { ClusterRole: "clusterroles.", ClusterRoleBinding: "clusterrolebindings." }],
  ]);
  /** Does something to what is applied before it is kept, as controllers would after. */
  onApply: (thing: Thing) => void = () => {};
  readonly #servers: FakeServer[] = [];
  readonly #pki: ClusterPki;
  port = 0;

  constructor(pki: ClusterPki, id = "the cluster") {
    this.#pki = pki;
    this.put("/api/v1/namespaces", { kind: "Namespace", metadata: { name: "kube-system", uid: id } });
  }

  /** All of a cluster have the same port. */
  async serve(address: string, pki: ClusterPki = this.#pki): Promise<FakeServer> {
    const server = new FakeServer(this, address, pki);
    this.#servers.push(server);
    this.port = await server.listen(this.port);
    return server;
  }

  put(collection: string, thing: Thing): void {
    this.objects.set(`${collection}/${thing.metadata.name}`, thing);
  }

  list(collection: string): Thing[] {
    return [...this.objects].filter(([path]) => path.slice(0, path.lastIndexOf("/")) === collection).map(([, thing]) => thing);
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map((server) => server.close()));
  }
}

export class FakeServer {
  /** `hangs`: takes the question and says nothing. */
  mood: "ready" | "starting" | "hangs" | "broken" = "ready";
  /** Before this it answers nobody. */
  answersAfter: Promise<void> = Promise.resolve();
  readonly address: string;
  readonly #cluster: FakeCluster;
  readonly #server: Server;

  constructor(cluster: FakeCluster, address: string, { ca, server }: ClusterPki) {
    this.#cluster = cluster;
    this.address = address;
    this.#server = createServer({ ...server, ca: ca.cert, requestCert: true, rejectUnauthorized: true }, (request, response) => {
      void this.#hear(request, response);
    });
  }

  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, this.address, () => resolve((this.#server.address() as AddressInfo).port));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const part of request) body += String(part);
    const { method = "", url = "" } = request;
    const subject = (request.socket as TLSSocket).getPeerCertificate()?.subject; // none when the connection has ended
    this.#cluster.asked.push({ at: this.address, method, path: url, by: `${subject?.CN}`, body });
    await this.answersAfter;
    if (this.mood === "hangs") return;
    if (this.mood === "broken") {
      response.writeHead(503).end("the storage backend does not answer");
      return;
    }
    const type = request.headers["content-type"];
    if (type === "application/apply-patch+yaml" && url.startsWith("/apis/apiregistration.k8s.io/")) {
      request.socket.destroy(); // release 1.20 panics
      return;
    }
    const { status, answer } = this.#answer(method, new URL(url, "https://kubernetes"), body, request.headers["content-type"] ?? "");
    response.writeHead(status, { "Content-Type": typeof answer === "string" ? "text/plain" : "application/json" });
    response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
  }

  #answer(method: string, url: URL, body: string, type: string): { readonly status: number; readonly answer: Json | string } {
    const { objects } = this.#cluster;
    const path = url.pathname;
    if (path === "/readyz") {
      const verbose = url.searchParams.has("verbose");
      if (this.mood === "starting") return { status: 500, answer: "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed" };
      return { status: 200, answer: verbose ? "[+]ping ok\n[+]etcd ok\nreadyz check passed" : "ok" };
    }
    const discovered = this.#discovery(path);
    if (discovered) return { status: 200, answer: discovered };
    const known = objects.get(path);
    switch (method) {
      case "GET":
        if (known) return { status: 200, answer: known };
        if (!this.#isCollection(path)) return missing(path);
        return {
          status: 200,
          answer: { kind: "List", items: this.#cluster.list(path).filter(selected(url.searchParams)) },
        };
      case "POST": {
        const thing = kept(JSON.parse(body) as Thing);
        const place = `${path}/${thing.metadata.name}`;
        Object.assign(thing.metadata, {
          uid: `${place} ${this.#cluster.asked.length}`,
          managedFields: [{ manager: url.searchParams.get("fieldManager"), operation: "Update" }],
        });
        if (objects.has(place)) return { status: 409, answer: { kind: "Status", message: `${place} already exists`, code: 409 } };
        objects.set(place, thing);
        return { status: 201, answer: thing };
      }
      case "DELETE": {
        const { uid } = (body === "" ? {} : (JSON.parse(body) as { preconditions?: { uid?: string } })).preconditions ?? {};
        if (known && uid !== undefined && uid !== known.metadata.uid)
          return { status: 409, answer: { kind: "Status", message: "the UID in the precondition does not match", code: 409 } };
        if (!objects.delete(path)) return missing(path);
        return { status: 200, answer: { kind: "Status", status: "Success" } };
      }
      case "PATCH": {
        if (!this.#isCollection(path.slice(0, path.lastIndexOf("/")))) return missing(path);
        const patch = JSON.parse(body) as Thing;
        if (type !== "application/apply-patch+yaml" && !known) return missing(path);
        const { resourceVersion } = patch.metadata;
        if (known && resourceVersion !== undefined && resourceVersion !== known.metadata.resourceVersion)
          return { status: 409, answer: { kind: "Status", message: "the object has been modified", code: 409 } };
        const namespace = /\/namespaces\/([^/]+)\/[^/]+\/[^/]+$/.exec(path)?.[1];
        if (namespace !== undefined && !objects.has(`/api/v1/namespaces/${namespace}`)) return missing(`/api/v1/namespaces/${namespace}`);
        const thing = merged(known ?? {}, patch) as Thing;
        Object.assign(thing.metadata, {
          uid: known?.metadata.uid ?? `${path} ${this.#cluster.asked.length}`,
          resourceVersion: `${Number(known?.metadata.resourceVersion ?? 0) + 1}`,
          managedFields: [{ manager: url.searchParams.get("fieldManager"), operation: "Apply", fieldsV1: fieldsOf(patch) }],
        });
        this.#cluster.onApply(thing);
        objects.set(path, thing);
        return { status: known ? 200 : 201, answer: thing };
      }
      default:
        return { status: 405, answer: { kind: "Status", message: `${method} is not supported`, code: 405 } };
    }
  }

  #discovery(path: string): Json | undefined {
    const version = path.replace(/^\/apis?\//, "");
    const kinds = this.#cluster.resources.get(version);
    if (!kinds || (version === "v1") !== path.startsWith("/api/")) return undefined;
    const resources = Object.entries(kinds).map(([kind, plural]) => ({
      kind,
      name: plural.replace(".", ""),
      namespaced: !plural.endsWith("."),
    }));
    return { kind: "APIResourceList", groupVersion: version, resources };
  }

  #isCollection(path: string): boolean {
    const [, , version = "", plural = ""] = /^\/(apis?)\/((?:[^/]+\/)?v\d[^/]*)\/(?:namespaces\/[^/]+\/)?([^/]+)$/.exec(path) ?? [];
    return Object.values(this.#cluster.resources.get(version) ?? {}).some((one) => one.replace(".", "") === plural);
  }
}

const missing = (path: string) => ({
  status: 404,
  answer: { kind: "Status", message: `"${path}" not found`, reason: "NotFound", code: 404 },
});

const selected = (query: URLSearchParams) => {
  const type = query.get("fieldSelector")?.replace(/^type=/, "");
  const [label = "", value] = query.get("labelSelector")?.split("=") ?? [];
  return (thing: Thing): boolean =>
    (type === undefined || thing["type"] === type) && (value === undefined || thing.metadata.labels?.[label] === value);
};

/** Who applied what: every field's name behind "f:". */
const fieldsOf = (value: unknown): Json =>
  typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [`f:${name}`, fieldsOf(inner)]))
    : {};

/** Secrets are written as text and read as base64. */
function kept(thing: Thing): Thing {
  const { stringData, ...rest } = thing;
  if (stringData === undefined) return thing;
  const data = Object.entries(stringData as Record<string, string>).map(([name, text]) => [name, Buffer.from(text).toString("base64")]);
  return { ...rest, data: Object.fromEntries(data) } as Thing;
}

function merged(before: unknown, after: unknown): unknown {
  const isBlock = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isBlock(before) || !isBlock(after)) return after;
  return Object.fromEntries(
    [...new Set([...Object.keys(before), ...Object.keys(after)])].map((key) => [
      key,
      key in after ? merged(before[key], after[key]) : before[key],
    ]),
  );
}
