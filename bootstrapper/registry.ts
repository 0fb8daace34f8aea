/** Container images for the nodes: the CNCF distribution registry as a child of ours, on the storage that the builder laid out. */
import { access, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Ipv4 } from "../cluster/address.ts";
import { layout } from "../cluster/layout.ts";
import { type Child, runChild } from "./child.ts";
import type { Journal } from "./journal.ts";
import { endOrphan } from "./orphan.ts";

export interface RegistrySettings {
  readonly address: Ipv4;
  /** 5000 unless said otherwise. */
  readonly port: number;
  /** Absolute path of the bsroot. */
  readonly bsroot: string;
  /** Absolute path of the state folder. */
  readonly folder: string;
  readonly journal: Journal;
  /** Where programs are looked for: PATH. */
  readonly path: string;
  /** Milliseconds before it is started again for the first time. */
  readonly soonest?: number;
}

export interface ImageRegistry {
  ok(): boolean;
  health(): string;
  readonly pid: number | undefined;
  close(): Promise<void>;
}

/** As its own releases and container image call it, and as Debian does. */
const PROGRAMS = ["registry", "docker-registry"];

/** Never throws for want of the program: machines install without it, and the health says what is missing. */
export async function startRegistry(settings: RegistrySettings): Promise<ImageRegistry> {
  const { address, port, bsroot, folder, journal } = settings;
  const config = join(folder, "registry.yml");
  const pidFile = join(folder, "registry.pid");
  await writeFile(config, registryConfig({ address, port, bsroot }));
  const child: Child = await runChild({
    command: (await found(settings.path)) ?? PROGRAMS[0]!,
    args: ["serve", config],
    pidFile,
    hindrance: async () => {
      await endOrphan(pidFile, config);
      return undefined;
    },
    environment: { OTEL_TRACES_EXPORTER: "none" }, // else release 3 looks for somebody to send traces to
    onLine: (line) =>
      journal({ from: "registry", level: /level=(error|fatal|panic)/.test(line) ? "warning" : "info", text: messageIn(line) }),
    onTrouble: (because) =>
      journal({ from: "registry", level: "warning", text: `no container images are served: ${because}${wayOut(because)}` }),
    ...(settings.soonest !== undefined && { soonest: settings.soonest }),
  });
  return {
    ok: () => child.trouble() === undefined,
    health: () => child.trouble() ?? `serving container images at ${address}:${port}`,
    get pid() {
      return child.pid;
    },
    close: () => child.close(),
  };
}

/** Its configuration format 0.1, which releases 2.7 to 3 read. JSON is YAML, and spells every path safely. */
export function registryConfig({ address, port, bsroot }: Pick<RegistrySettings, "address" | "port" | "bsroot">): string {
  const tls = { certificate: join(bsroot, layout.tls.bootstrapper), key: join(bsroot, layout.tls.bootstrapperKey) };
  const config = {
    version: 0.1,
    log: { level: "warn", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(bsroot, layout.registry) },
      maintenance: { readonly: { enabled: true }, uploadpurging: { enabled: false } },
    },
    http: { addr: `${address}:${port}`, tls },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

async function found(path: string): Promise<string | undefined> {
  for (const name of PROGRAMS) {
    for (const folder of path.split(delimiter)) {
      const program = join(folder, name);
      const there = await access(program, 1).then(
        () => true,
        () => false,
      );
      if (there) return program;
    }
  }
  return undefined;
}

const wayOut = (because: string): string =>
  because.endsWith("is not installed")
    ? "; install the CNCF distribution registry (Debian's package docker-registry), or start with --registry off"
    : "";

/** What a line of its log says; of a request that it could not answer, which one, whose, and why. */
export function messageIn(line: string): string {
  const said = field(line, "msg");
  const [method, uri, caller] = ["method", "uri", "remoteaddr"].map((name) => field(line, `http.request.${name}`));
  if (said === undefined || uri === undefined) return said ?? line;
  const why = field(line, "err.message") ?? field(line, "err.code") ?? said;
  return `${method ?? ""} ${uri} of ${caller?.replace(/:\d+$/, "") ?? "somebody"}: ${why}`.trim();
}

/** A value of logfmt, without its quotes. */
const field = (line: string, name: string): string | undefined => {
  const [, quoted, bare] = new RegExp(`(?:^|\\s)${name.replaceAll(".", "\\.")}=(?:"((?:[^"\\\\]|\\\\.)*)"|(\\S+))`).exec(line) ?? [];
  return quoted?.replaceAll('\\"', '"') ?? bare;
};
