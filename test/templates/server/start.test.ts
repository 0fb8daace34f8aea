/** The start script on a server with docker, which here only writes down what it is asked. */
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { layout } from "../../../cluster/layout.ts";
import { serverFiles } from "../../../templates/server/server.ts";
import { cluster, machine } from "../sample.ts";

const ADDRESS = "10.0.0.1";
const { startContainer, images } = layout.server;
let folder = "";
let bsroot = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sextant-start-"));
  bsroot = join(folder, "bsroot");
  mkdirSync(join(bsroot, "tls"), { recursive: true });
  for (const { path, text } of serverFiles(cluster([machine()]), false)) put(join("bsroot", path), text);
  writeFileSync(join(folder, "manifest.json"), '[{"Config":"c.json","RepoTags":["localhost/sextant-bootstrapper:abc"],"Layers":[]}]');
  for (const name of Object.values(images)) {
    execFileSync("tar", ["-cf", join(bsroot, name), "-C", folder, "manifest.json"]);
  }
  writeFileSync(
    join(bsroot, layout.manifest),
    JSON.stringify({ version: 1, cluster: "demo", files: Object.values(images).map(entryOf) }, null, 1),
  );
  put("bin/docker", DOCKER.replaceAll("FOLDER", folder));
});
afterEach(() => rmSync(folder, { recursive: true }));

const DOCKER = `#!/bin/sh
echo "docker $*" >>'FOLDER/asked'
case "$*" in
  *DockerRootDir*) echo 'FOLDER' ;;
  *LoggingDriver*) echo json-file ;;
  *inspect*) exit 1 ;;
esac
`;

function put(path: string, text: string): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
  chmodSync(join(folder, path), 0o755);
}

function entryOf(path: string): object {
  const bytes = readFileSync(join(bsroot, path));
  return { path, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Somebody who listens there while the script runs. */
const listening = (port: number, on: string): string => `{ socat -u UDP4-RECV:${port},bind=${on} /dev/null & pids="$pids $!"; sleep 0.5; }`;

/** Runs a script of the bsroot on a server that has nothing but one address. `before`: run there first. */
function onServer(script: string, args: readonly string[], before = ""): Promise<{ readonly code: number; readonly words: string }> {
  const shell = `pids=; ip link set lo up && ip address add ${ADDRESS}/24 dev lo && ${before || "true"} && { "$@"; code=$?; [ -z "$pids" ] || kill $pids; exit $code; }`;
  const env = { PATH: `${join(folder, "bin")}:/usr/sbin:/usr/bin:/sbin:/bin` };
  return new Promise((resolve) => {
    execFile("unshare", ["--net", "sh", "-c", shell, "sh", join(bsroot, script), ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), words: stdout + stderr }),
    );
  });
}

describe("a dry run with docker", () => {
  test("shows the commands with every option that confines the container, and runs none of them", async () => {
    const { code, words } = await onServer(startContainer, [bsroot, "--dry-run", "--state", join(folder, "state"), "--", "--probe", "off"]);
    expect(words).toContain(`  + docker load --input ${bsroot}/bootstrapper`);
    const [line] = words.match(/^ {2}\+ docker run .*$/m)!;
    for (const option of [
      "--network host",
      "--read-only",
      "--tmpfs /tmp",
      "--cap-drop ALL",
      "--log-opt max-size=20m",
      `--volume ${bsroot}:/bsroot:ro`,
    ])
      expect(line).toContain(option);
    expect(line).toMatch(/localhost\/sextant-bootstrapper:abc serve --bsroot \/bsroot --state \/var\/lib\/sextant --probe off$/);
    expect(readFileSync(join(folder, "asked"), "utf8")).not.toMatch(/docker (load|run|stop|rm)/);
    expect(code).toBe(0);
  });

  test("leaves owners and modes as they are", async () => {
    chmodSync(bsroot, 0o700);
    await onServer(startContainer, ["--dry-run", "--state", join(folder, "state")]);
    expect(statSync(bsroot).mode & 0o777).toBe(0o700);
    expect(statSync(join(bsroot, "tls")).uid).toBe(process.getuid!());
  });
});

describe("the check of the server", () => {
  test("knows a port that is held on our address from one that is held elsewhere", async () => {
    const args = ["--for", "container", "--state", folder];
    const elsewhere = await onServer(layout.server.check, args, `${listening(69, "127.0.0.1")} && ${listening(53, "127.0.0.53")}`);
    expect(elsewhere).toMatchObject({ code: 0, words: expect.stringContaining("good   the ports") });
    const ours = await onServer(layout.server.check, args, listening(69, "0.0.0.0"));
    expect(ours).toMatchObject({
      code: 1,
      words: expect.stringMatching(/WRONG {2}port 69\/udp is held by socat \(process \d+\); stop it/),
    });
  });

  test("takes the bootstrapper that runs already, and its children, for ours", async () => {
    const { code } = await onServer(
      layout.server.check,
      ["--for", "container", "--state", folder, "--ours", String(process.pid)],
      listening(69, "0.0.0.0"),
    );
    expect(code).toBe(0);
  });

  test("names an image that was damaged on the way", async () => {
    for (const name of Object.values(images)) writeFileSync(join(bsroot, name), "damaged");
    const { code, words } = await onServer(layout.server.check, ["--for", "container", "--state", folder]);
    expect(words).toMatch(/WRONG {2}\S+\.tar is not what manifest\.json says; copy the bsroot here again, whole/);
    expect(code).toBe(1);
  });
});

test("without a container engine the script says what else there is", async () => {
  rmSync(join(folder, "bin"), { recursive: true });
  const { code, words } = await onServer(startContainer, ["--engine", "docker"]);
  expect(words).toContain(
    `no docker works on this server. Install docker or podman (or start its service), or run ${bsroot}/start_bootstrapper_service.sh`,
  );
  expect(code).toBe(1);
});
