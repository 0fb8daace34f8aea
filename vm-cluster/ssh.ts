/** Logging in to a node: a key pair of the lab's own, and the way through the network namespace. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { run } from "./command.ts";
import { RACKS } from "./rack-state.ts";

export interface Key {
  /** Path of the private key. */
  readonly file: string;
  /** One line of authorized_keys(5). */
  readonly public: string;
}

/** Made once for each checkout; `make down` leaves it. */
export async function labKey(): Promise<Key> {
  const file = resolve(RACKS, "ssh_key");
  if (!existsSync(file)) {
    mkdirSync(RACKS, { recursive: true });
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "vm-cluster", "-f", file]);
  }
  return { file, public: readFileSync(`${file}.pub`, "utf8").trim() };
}

/** ssh_config(5): each node by its name. Host keys are not checked: each node makes its own on its first boot, on a wire nobody else is on. */
export function sshConfig({ file }: Key, namespace: string, hosts: Readonly<Record<string, string>>): string {
  return [
    ...Object.entries(hosts).flatMap(([name, address]) => [`Host ${name}`, `  HostName ${address}`]),
    "Host *",
    "  User core",
    `  IdentityFile "${file}"`,
    "  IdentitiesOnly yes",
    "  BatchMode yes",
    "  StrictHostKeyChecking no",
    "  UserKnownHostsFile /dev/null",
    "  LogLevel ERROR",
    "  ConnectTimeout 15",
    `  ProxyCommand ip netns exec ${namespace} socat - TCP:%h:%p`,
    "",
  ].join("\n");
}

/**
 * Options by which all that is asked of a machine goes through one connection, since an emulated machine needs seconds for each: the next within half a minute
 * finds it at `socket`, which must be another one once the machine was switched off.
 */
export const sharing = (socket: string): readonly string[] =>
  Object.entries({
    ControlMaster: "auto",
    ControlPath: socket,
    ControlPersist: 30,
    ServerAliveInterval: 10,
    ServerAliveCountMax: 6,
  }).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
