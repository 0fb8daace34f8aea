/** What stands for a site's container tools where no registry can be reached: a base image made of Debian packages and this host's node. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { run } from "../../vm-cluster/command.ts";

const CACHE = ".cache/container-lab";
const PACKAGES = "chrony,docker-registry,libcap2-bin,libstdc++6,ca-certificates";
export const BASE = "localhost/node-base:latest";

/** The environment in which podman and buildah keep everything below `folder` and get on without cgroups and without raising limits. */
export function containerTools(folder: string): NodeJS.ProcessEnv {
  mkdirSync(folder, { recursive: true });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  // A root that lacks CAP_SYS_RESOURCE may not raise its limits, as podman wants to for every container of root's.
  const crun = file("crun", CRUN);
  chmodSync(crun, 0o755);
  const storage = `[storage]\ndriver = "vfs"\ngraphroot = "${folder}/store"\nrunroot = "${folder}/run"\n`;
  const engine = `cgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "crun"\ntmp_dir = "${folder}/tmp"\nno_pivot_root = true\n`;
  const conf = `[containers]\ncgroups = "disabled"\nlog_driver = "k8s-file"\n[engine]\n${engine}[engine.runtimes]\ncrun = ["${crun}"]\n`;
  return {
    ...process.env,
    BUILDAH_ISOLATION: "chroot",
    STORAGE_DRIVER: "vfs",
    CONTAINERS_STORAGE_CONF: file("storage.conf", storage),
    CONTAINERS_CONF: file("containers.conf", conf),
  };
}

const CRUN = `#!/bin/sh
for word; do
  case \${last-} in
    --bundle) limits=$word/config.json ;;
    --process) limits=$word ;;
  esac
  last=$word
done
if [ -n "\${limits-}" ]; then
  '${process.execPath}' -e 'const fs = require("fs"), [file] = process.argv.slice(1); const spec = JSON.parse(fs.readFileSync(file)); delete (spec.process ?? spec).rlimits; fs.writeFileSync(file, JSON.stringify(spec))' "$limits"
fi
exec crun "$@"
`;

/** Makes the base image known to the tools: Debian, what the Dockerfile installs, and node and npm where the real base has them. */
export async function importBase(tools: NodeJS.ProcessEnv): Promise<void> {
  await run("podman", ["import", "--change", "CMD node", await baseTar(), BASE], { env: tools });
}

/** Kept for as long as the packages and node are what they were. */
async function baseTar(): Promise<string> {
  const apt = "vm-cluster/image/apt.sh";
  const versions = await run("apt-cache", ["policy", ...PACKAGES.split(","), "libc6", "dpkg"]);
  const key = createHash("sha256").update(`${versions}${process.version}${INSIDE}`).digest("hex").slice(0, 16);
  const tar = resolve(CACHE, `${key}.tar`);
  if (existsSync(tar)) return tar;
  mkdirSync(CACHE, { recursive: true });
  for (const old of readdirSync(CACHE)) rmSync(join(CACHE, old), { force: true });
  const sources = await run("bash", ["-c", `. ${apt} && bookworm`]);
  const npm = dirname(dirname(realpathSync((await run("sh", ["-c", "command -v npm"])).trim())));
  const hook = INSIDE.replaceAll("NODE", process.execPath).replaceAll("NPM", npm);
  const slim = ["doc", "man", "locale"].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`);
  const options = ["--format=tar", "--variant=minbase", `--include=${PACKAGES}`, ...slim, `--customize-hook=${hook}`, "--quiet"];
  await run("mmdebstrap", [...options, "bookworm", `${tar}.part`, "-"], { input: sources });
  renameSync(`${tar}.part`, tar);
  return tar;
}

/** Without sources of packages: what the Dockerfile wants is there, and nothing is fetched. */
const INSIDE = `mkdir -p "$1/usr/local/lib/node_modules" && cp NODE "$1/usr/local/bin/node" && cp -r NPM "$1/usr/local/lib/node_modules/npm" &&
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/local/bin/npm" && rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*`;

/** Runs a command in a network namespace, with cgroups as crun expects them; what a server's settings would be stays as it is on this host. */
export const confined = (namespace: string, command: readonly string[]): [string, ...string[]] => [
  "nsenter",
  `--net=/run/netns/${namespace}`,
  "unshare",
  "--mount",
  "sh",
  "-c",
  `mount -t cgroup2 none /sys/fs/cgroup && mount -t tmpfs none /mnt && echo 4194304 >/mnt/rmem_max &&
    mount --bind /mnt/rmem_max /proc/sys/net/core/rmem_max && exec "$@"`,
  "sh",
  ...command,
];

export interface Ended {
  readonly code: number;
  /** Of both outputs. */
  readonly words: string;
}

/** Runs a command to its end, whatever that is. */
export const attempt = ([program, ...args]: readonly [string, ...string[]], env: NodeJS.ProcessEnv): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(program, args, { env, maxBuffer: 1 << 24 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, words: stdout + stderr }),
    );
  });

/** Runs a program on a host of the machines' network. Resolves with its output. */
export type Client = (...command: [string, ...string[]]) => Promise<string>;
/** What a DHCP client was told, by udhcpc's names. */
export type Told = Readonly<Record<string, string>>;

/** The client takes an address as the machine with this MAC. `folder`: for what it notes. */
export async function takeLease(client: Client, card: string, mac: string, folder: string): Promise<Told> {
  const [told, hook] = [join(folder, "told"), join(folder, "hook")];
  writeFileSync(hook, `#!/bin/sh\n[ "$1" = bound ] && env >'${told}'\nexit 0\n`);
  chmodSync(hook, 0o755);
  rmSync(told, { force: true });
  await client("ip", "link", "set", card, "address", mac);
  await client("busybox", "udhcpc", "-i", card, "-f", "-n", "-q", "-t", "10", "-T", "1", "-s", hook, "-O", "bootfile", "-O", "dns");
  const lines = readFileSync(told, "utf8").split("\n");
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
}
