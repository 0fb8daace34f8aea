/** The script that an operator sets kubectl up with. It carries no secret. */
import type { Cluster } from "../../../cluster/cluster.ts";
import type { Endpoints } from "../../../cluster/extension.ts";
import { apiEndpoint } from "../../../cluster/kubernetes/endpoint.ts";
import { layout } from "../../../cluster/layout.ts";
import { render } from "../../render.ts";
import { placesOf } from "../artifacts.ts";

/** `sha256`: the manifest's, of a file of the bsroot. Undefined when that has no kubectl of the cluster's release. */
export function setupKubectl(cluster: Cluster, server: Endpoints, sha256: (path: string) => string | undefined): string | undefined {
  const { version } = cluster.kubernetes;
  if (version === undefined) return undefined;
  const of = (architecture: "amd64" | "arm64") => {
    const place = placesOf(version, architecture).kubectl;
    return { place, hash: sha256(`${layout.static}/${place}`) ?? "" };
  };
  const [amd64, arm64] = [of("amd64"), of("arm64")];
  if (amd64.hash === "" && arm64.hash === "") return undefined;
  const { https, ca } = server;
  return render("kubernetes/setup-kubectl/setup-kubectl.sh.eta", {
    https,
    ca,
    cluster: cluster.name,
    version,
    amd64,
    arm64,
    host: apiEndpoint(cluster).host,
  });
}
