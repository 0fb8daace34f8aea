/** A small rack as values, for every test of the templates. */
import { ipv4, mac, subnet } from "../../cluster/address.ts";
import type { Cluster, Machine, Os } from "../../cluster/cluster.ts";
import type { BootContext, Endpoints, InstallFacts } from "../../cluster/extension.ts";
import { PLAIN_KUBERNETES } from "../support/kubernetes-defaults.ts";

export const CA = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ2\n-----END CERTIFICATE-----\n";

export const server: Endpoints = { address: ipv4("10.0.0.1"), http: "http://10.0.0.1", https: "https://10.0.0.1", ca: CA };

export const RAW_IMAGE: Os = {
  target: "raw-image",
  image: { url: "https://images.example/node/v7/node.raw.zst", sha256: "a".repeat(64) },
  kernel: { url: "https://images.example/node/v7/vmlinuz", sha256: "b".repeat(64) },
  initrd: { url: "https://images.example/node/v7/initrd.img" },
};
export const FEDORA_COREOS: Os = { target: "fedora-coreos", stream: "stable", version: "44.20260817.3.2" };
export const FLATCAR: Os = { target: "flatcar", channel: "stable", version: "4593.2.5" };
export const UBUNTU: Os = {
  target: "ubuntu",
  iso: { url: "https://releases.example/24.04.3/ubuntu-24.04.3-live-server-amd64.iso", sha256: "d".repeat(64) },
  kernel: { url: "file:///mnt/casper/vmlinuz" },
  initrd: { url: "file:///mnt/casper/initrd" },
};
export const TRIXIE: Os = { target: "debian", version: "13" };
export const ROCKY: Os = { target: "enterprise-linux", distribution: "rocky", version: "9.6" };

export const machine = (given: Partial<Machine> = {}): Machine => ({
  mac: mac("52:54:00:00:00:11"),
  name: "cp-1",
  address: ipv4("10.0.0.11"),
  roles: ["control-plane"],
  architecture: "amd64",
  os: RAW_IMAGE,
  disk: { pick: "first", wipe: "blank" },
  labels: {},
  options: [],
  secureBoot: false,
  ...given,
});

export const cluster = (machines: readonly Machine[], given: Partial<Cluster> = {}): Cluster => ({
  name: "demo",
  domain: "cluster.example",
  network: {
    subnet: subnet("10.0.0.0/24"),
    bootstrapper: server.address,
    bootstrapperName: "bootstrapper",
    routers: [server.address],
    nameServers: [server.address],
    upstream: [],
    lease: 3600,
    dhcp: "serve",
    ntp: true,
    ranges: [],
    leasesBy: "mac",
    interfaces: [],
    options: [],
    subnets: [],
    routerAdvertisements: true,
  },
  dns: { records: [], forward: [], keys: [], api: "api", ingress: "apps" },
  kubernetes: PLAIN_KUBERNETES,
  sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPublicPartOfAKeyOfTheOperatorXXXXXXXXXXXX operator@laptop"],
  machines,
  unlisted: { become: "discovered" },
  images: [],
  extras: [],
  mirrors: [],
  install: { window: 3600, attempts: 3 },
  ...given,
});

/** A machine of the rack and what a template may know of it. */
export function context(given: Partial<Machine> = {}, rack: Partial<Cluster> = {}): BootContext {
  const one = machine(given);
  return { cluster: cluster([one], rack), machine: one, os: one.os, server };
}

export const facts = (given: Partial<InstallFacts> = {}): InstallFacts => ({
  sha256: () => "c".repeat(64),
  size: () => 102_760_448,
  ours: [],
  mayWipe: false,
  ...given,
});
