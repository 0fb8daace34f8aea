/** The way without containers on a server with systemd, which here is a script that starts what the unit names. */
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { layout } from "../../../cluster/layout.ts";
import { serverFiles } from "../../../templates/server/server.ts";
import { cluster, machine } from "../sample.ts";

const { program, startService, unit } = layout.server;
let folder = "";
let bsroot = "";

beforeEach(() => {
  folder = mkdtempSync("/run/sextant-service-"); // not /tmp, into which no service of systemd's looks
  bsroot = join(folder, "bsroot");
  for (const name of ["units", "sysctl.d", "bsroot/tls"]) mkdirSync(join(folder, name), { recursive: true });
  for (const { path, text } of serverFiles(cluster([machine()]), false)) put(join("bsroot", path), text);
  put("bsroot/tls/ca-key.pem", "a key");
  put("rmem_max", "212992\n");
  put("program/dist/bootstrapper/main.js", SERVES);
  put("program/package.json", '{"type":"module"}');
  execFileSync("tar", ["-czf", join(bsroot, program), "-C", join(folder, "program"), "dist", "package.json"]);
  const bytes = readFileSync(join(bsroot, program));
  const entry = { path: program, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  put("bsroot/manifest.json", JSON.stringify({ version: 1, cluster: "demo", files: [entry] }, null, 1));
  put("bin/systemctl", SYSTEMCTL.replaceAll("FOLDER", folder));
  for (const name of ["useradd", "groupadd"]) put(`bin/${name}`, "#!/bin/sh\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

const SERVES = 'import { createServer } from "node:http"; createServer((_, answer) => answer.end("ok\\ndhcp: serving\\n")).listen(80);';
const SYSTEMCTL = `#!/bin/sh
echo "$*" >>'FOLDER/asked'
case $1 in
  show) echo 0 ;;
  restart) eval "exec $(sed -n 's/^ExecStart=//p' /etc/systemd/system/sextant-bootstrapper.service)" >/dev/null 2>&1 & echo $! >'FOLDER/pid' ;;
esac
`;

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  chmodSync(join(folder, path), 0o755);
}

/** On a server with nothing but our address; what the script puts into the host's folders stays in ones of its own. */
function start(...args: string[]): Promise<{ readonly code: number; readonly words: string }> {
  const binds = { units: "/etc/systemd/system", "sysctl.d": "/etc/sysctl.d", rmem_max: "/proc/sys/net/core/rmem_max" };
  const bound = Object.entries(binds).map(([from, to]) => `mount --bind '${folder}/${from}' ${to}`);
  const own = ["mount -t tmpfs none /opt", "mount -t tmpfs none /var/lib", ...bound].join(" && ");
  const end = `code=$?; ls -l /opt >'${folder}/opt'; [ ! -e '${folder}/pid' ] || kill "$(cat '${folder}/pid')"; exit $code`;
  const shell = `ip link set lo up && ip address add 10.0.0.1/24 dev lo && ${own} && { "$@"; ${end}; }`;
  const env = { PATH: `${join(folder, "bin")}:${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin` };
  return new Promise((resolve) => {
    execFile(
      "unshare",
      ["--net", "--mount", "sh", "-c", shell, "sh", join(bsroot, startService), ...args],
      { env },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), words: stdout + stderr }),
    );
  });
}

test("unpacks the program, puts the unit in place for this bsroot and this node, and waits until it serves", async () => {
  const { code, words } = await start(bsroot);
  expect(words).toContain("  dhcp: serving\nThe bootstrapper serves.");
  expect(code).toBe(0);
  expect(readFileSync(join(folder, "asked"), "utf8").split("\n")).toEqual(
    expect.arrayContaining(["daemon-reload", `enable ${unit}`, `restart ${unit}`]),
  );
  const placed = readFileSync(join(folder, "units", unit), "utf8");
  expect(placed).toMatch(new RegExp(`^ExecStart=\\S*/node /opt/sextant/dist/bootstrapper/main.js serve --bsroot ${bsroot} --state`, "m"));
  expect(placed).toContain(`ExecStartPre=+/bin/sh ${bsroot}/check_server.sh --for service`);
  expect(readFileSync(join(folder, "opt"), "utf8")).toMatch(/sextant -> sextant-[0-9a-f]{12}\n/);
  expect(statSync(join(bsroot, "tls/ca-key.pem")).uid).toBe(65532);
  expect(readFileSync(join(folder, "rmem_max"), "utf8")).toBe("4194304\n");
  expect(readFileSync(join(folder, "sysctl.d/60-sextant.conf"), "utf8")).toBe("net.core.rmem_max = 4194304\n");
});

test("a dry run shows each step and changes nothing", async () => {
  const { code, words } = await start("--dry-run");
  expect(words).toMatch(/\+ tar -xzf \S+\/bootstrapper-program\.tar\.gz -C \/opt\/sextant\.part/);
  expect(words).toMatch(/Nothing was changed\.\n$/);
  expect(code).toBe(0);
  expect(existsSync(join(folder, "units", unit))).toBe(false);
  expect(statSync(join(bsroot, "tls/ca-key.pem")).uid).not.toBe(65532);
});

test("refuses a bsroot where a service cannot look, and a program that is not the manifest's", async () => {
  writeFileSync(join(bsroot, program), "damaged");
  expect(await start()).toMatchObject({ code: 1, words: expect.stringContaining(`${program} is not what manifest.json says`) });
  const elsewhere = mkdtempSync("/tmp/sextant-service-");
  cpSync(bsroot, elsewhere, { recursive: true });
  bsroot = elsewhere;
  const { code, words } = await start();
  rmSync(elsewhere, { recursive: true });
  expect(words).toContain(`a service cannot read ${elsewhere}; move the bsroot to /bsroot`);
  expect(code).toBe(1);
});
