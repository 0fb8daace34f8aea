/** The address before the API servers: who holds it, who answers behind it, and what stands for an API server where there is no Kubernetes. */
import { API_PORT, BALANCED_PORT } from "../../cluster/kubernetes/endpoint.ts";
import { layout } from "../../cluster/layout.ts";
import { on, type Story, tls } from "./story.ts";

const VIRTUAL = "10.77.0.5";

/**
 * Answers every question on a control plane with the machine's name, over TLS, until the machine is switched off: with a certificate for the address, which
 * the cluster's CA signs there, as kubeadm would have it do.
 */
export const startApi = (story: Story, name: string): Promise<string> =>
  on(
    story,
    name,
    `sudo sh -eu <<'END'
mkdir -m 0700 /run/api
cd /run/api
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key -out request -subj /CN=kube-apiserver 2>/dev/null
printf 'subjectAltName=IP:${VIRTUAL}\\nextendedKeyUsage=serverAuth\\n' >extensions
openssl x509 -req -in request -CA /etc/kubernetes/pki/ca.crt -CAkey /etc/kubernetes/pki/ca.key -set_serial 0x$(openssl rand -hex 8) \\
  -days 2 -extfile extensions -out certificate 2>/dev/null
printf 'read -r line\\nprintf "HTTP/1.0 200 OK\\\\r\\\\n\\\\r\\\\n$(hostname)"\\n' >answer
systemd-run --quiet --unit api-stand-in \\
  socat OPENSSL-LISTEN:${API_PORT},reuseaddr,fork,cert=/run/api/certificate,key=/run/api/key,verify=0 'EXEC:sh /run/api/answer'
END`,
  );

/** Those of the running machines that have the address on a card. */
export async function holders(story: Story, names: readonly string[]): Promise<readonly string[]> {
  const cards = await Promise.all(names.map((name) => on(story, name, `ip -4 -o address show to ${VIRTUAL}`)));
  return names.filter((_, index) => cards[index] !== "");
}

/** The name of the machine that answers at the address, believed by the cluster's CA. Throws with curl's words when nobody does. */
export const answering = (story: Story): Promise<string> =>
  story.rack.inside(
    ...(["curl", "--silent", "--show-error", "--fail", "--max-time", "20", "--cacert", tls(story, layout.tls.clusterCa)] as const),
    `https://${VIRTUAL}:${BALANCED_PORT}/readyz`,
  );
