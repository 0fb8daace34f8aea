/** The rack's etcd from the bootstrapper's side, with the certificates of its bsroot. */
import { expect, test } from "vitest";
import { layout } from "../../cluster/layout.ts";
import { addressOf, type Story, tls } from "./story.ts";

/** etcdctl as an operator runs it, through the members of these names. Throws with its last words. */
export async function etcdctl(story: Story, names: readonly string[], ...words: readonly string[]): Promise<string> {
  const { etcdCa, etcdClient, etcdClientKey } = layout.tls;
  const shown = ["--cacert", tls(story, etcdCa), "--cert", tls(story, etcdClient), "--key", tls(story, etcdClientKey)];
  const endpoints = names.map((name) => `https://${addressOf(story, name)}:2379`).join(",");
  return (await story.rack.inside("etcdctl", "--endpoints", endpoints, "--command-timeout=20s", ...shown, ...words)).trim();
}

/**
 * What a member answers on its port for clients or for peers to who shows this certificate, or none. Throws with curl's words when it refuses.
 * On the port for peers etcd breaks off in the middle of HTTP/2.
 */
export const knock = (
  story: Story,
  name: string,
  port: 2379 | 2380,
  shown?: { readonly cert: string; readonly key: string },
): Promise<string> =>
  story.rack.inside(
    ...([
      "curl",
      "--http1.1",
      "--silent",
      "--show-error",
      "--fail",
      "--max-time",
      "20",
      "--cacert",
      tls(story, layout.tls.etcdCa),
    ] as const),
    ...(shown ? ["--cert", tls(story, shown.cert), "--key", tls(story, shown.key)] : []),
    `https://${addressOf(story, name)}:${port}/version`,
  );

/** Declares what is asked of the members of these names, once they are up. */
export function etcdIsOneCluster(story: () => Story, names: readonly string[]): void {
  const { etcdClient: cert, etcdClientKey: key } = layout.tls;
  /** An alert, unless the member closed before curl had sent its question. */
  const REFUSED = /alert (bad|unknown|certificate)|reset by peer|Broken pipe/;

  test("is one cluster of all machines with the role, each of them healthy", async () => {
    const members = (await etcdctl(story(), ["cp-1"], "member", "list")).split("\n").map((line) => line.split(", "));
    expect(members.map(([, state, name]) => `${name} ${state}`).sort()).toEqual(names.map((name) => `${name} started`));
    await etcdctl(story(), names, "endpoint", "health");
  });

  test("gives through one member what was written through another", async () => {
    await etcdctl(story(), ["worker-1"], "put", "written", "through worker-1");
    for (const name of names) expect(await etcdctl(story(), [name], "get", "--print-value-only", "written")).toBe("through worker-1");
  });

  test.each(names)("hears on %s nobody without a certificate by its own CA, be it a client or a peer", async (name) => {
    const { mac } = story().rack.machine(name).hardware;
    const another = { cert: layout.tls.machine(mac), key: layout.tls.machineKey(mac) };
    for (const port of [2379, 2380] as const) {
      expect(await knock(story(), name, port, { cert, key })).toContain("etcdserver");
      for (const shown of [undefined, another]) await expect(knock(story(), name, port, shown)).rejects.toThrow(REFUSED);
    }
  });
}
