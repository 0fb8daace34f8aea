/** The three networks of a Kubernetes cluster and its DNS, which must not get into each other's way. */
import { broadcast, cidr, contains, overlap, type Subnet } from "../../address.ts";
import type { Facts, Stated } from "../facts.ts";
import type { Finding } from "../problem.ts";

export function* checkKubernetes({ networks, podSubnet, serviceSubnet, dnsAddress, dnsDomain, domain }: Facts): Iterable<Finding> {
  for (const { subnet } of networks) {
    yield* apart(podSubnet, "pods", subnet, "machines");
    yield* apart(serviceSubnet, "services", subnet, "machines");
  }
  yield* apart(serviceSubnet, "services", podSubnet, "pods");

  if (serviceSubnet && (serviceSubnet.value.prefix < 12 || serviceSubnet.value.prefix > 27)) {
    // The API server refuses more than 20 bits of service addresses, and the DNS wants the tenth.
    yield {
      path: serviceSubnet.path,
      message: `${cidr(serviceSubnet.value)} is not a size the API server takes; write one from /12 to /27`,
    };
  }
  if (podSubnet && (podSubnet.value.prefix < 8 || podSubnet.value.prefix > 23)) {
    // Every node gets a /24 of it.
    yield {
      path: podSubnet.path,
      message: `${cidr(podSubnet.value)} can not be divided into a /24 for each node; write one from /8 to /23`,
    };
  }
  if (serviceSubnet && dnsAddress) {
    const { value, path } = dnsAddress;
    const usable = contains(serviceSubnet.value, value) && value !== serviceSubnet.value.base && value !== broadcast(serviceSubnet.value);
    if (!usable) yield { path, message: `${value} is not a service address in ${cidr(serviceSubnet.value)}; write one inside it` };
  }
  yield* domainsApart(domain, dnsDomain);
}

/** Pods ask the cluster's DNS first, which answers for the whole of its domain. */
function* domainsApart(machines: Stated<string> | undefined, services: Stated<string> | undefined): Iterable<Finding> {
  if (!machines || !services || !`.${machines.value}`.endsWith(`.${services.value}`)) return;
  const usual = services.value === "cluster.local";
  const message = `the machines' domain ${machines.value} is inside the services' ${services.value}, so pods could not resolve machines`;
  yield {
    path: usual ? machines.path : services.path,
    message: `${message}; write another, such as ${usual ? "demo.lan" : "cluster.local"}`,
  };
}

function* apart(one: Stated<Subnet> | undefined, its: string, other: Stated<Subnet> | undefined, others: string): Iterable<Finding> {
  if (!one || !other || !overlap(one.value, other.value)) return;
  yield {
    path: one.path,
    message: `the ${its}' network ${cidr(one.value)} overlaps the ${others}' ${cidr(other.value)}; write one apart from it`,
  };
}
