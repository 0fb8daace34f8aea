import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Os } from "../../../cluster/cluster.ts";
import type { InstallFacts } from "../../../cluster/extension.ts";
import { osTarget } from "../../../templates/registry.ts";
import { context, FEDORA_COREOS, facts, RAW_IMAGE } from "../sample.ts";
import { makeTls, type Tls } from "../tls.ts";
import { beforeEachScript } from "./bench.ts";
import { CONFIG, Provisioner, TOKEN } from "./provisioner.ts";
import { type Bench, type Ran, SHELLS, type Shell } from "./shells.ts";

const MIB = 1024 * 1024;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const packed = (tool: string, bytes: Uint8Array): Uint8Array => execFileSync(tool, ["-c"], { input: bytes, maxBuffer: 64 * MIB });

/** What a disk holds after the image: never zero, and not the same in any two places. */
const RAW = Uint8Array.from({ length: 2.5 * MIB }, (_, at) => 1 + (((at >> 3) ^ (at >> 11)) % 251));
const IMAGE = packed("gzip", RAW);
const OLD_DISK = Buffer.alloc(4 * MIB, 0xee);
const MAC = "52-54-00-00-00-11";

let tls: Tls;
let server: Provisioner;
let bench: Bench;

beforeEachScript((laid) => {
  ({ tls, server, bench } = laid);
  server.image = IMAGE;
  bench.write("disk", OLD_DISK);
  bench.write("oem", "");
  bench.write("marks", "");
  bench.write(
    "listing",
    `NAME="disk" PATH="${bench.folder}/disk" TYPE="disk" SIZE="${4 * MIB}" RM="0" RO="0" TRAN="virtio" SERIAL="D1      " WWN="" MODEL=""\n`,
  );
  bench.write("partitions", `NAME="disk3" PATH="${bench.folder}/disk3" TYPE="part" SIZE="8388608"\n`);
  bench
    .command("lsblk", `case "$*" in *--nodeps*) cat "$LAB/listing" ;; *) cat "$LAB/partitions" ;; esac`)
    .command("wipefs", `cat "$LAB/marks"`)
    .command("blkid", `echo "$1: LABEL=\\"OEM\\" UUID=\\"1\\" TYPE=\\"ext4\\" PARTLABEL=\\"OEM\\""`)
    // The file system "on the partition" is a folder beside the disk.
    .command("mount", `mkdir -p "$LAB/oem.d" && rmdir "$2" && ln -s "$LAB/oem.d" "$2"`)
    .command("umount", `rm "$1" && mkdir "$1"`)
    .command("date", `case "$*" in *-s*) ;; *) exec date "$@" ;; esac`)
    .command("sleep", "exec sleep 0.01")
    .command("reboot");
  for (const quiet of ["sgdisk", "blockdev", "udevadm", "swapoff"]) bench.command(quiet);
});

interface Given {
  readonly shell?: Shell;
  readonly facts?: Partial<InstallFacts>;
  readonly image?: string;
  readonly os?: Os;
  readonly ca?: string;
}

function install({ shell = "dash", facts: known, image = "node.raw.gz", ca = tls.ca, os = rawImage(image) }: Given = {}): Promise<Ran> {
  const given = { ...context({ os }), server: server.endpoints(ca) };
  const script = osTarget(os).installScript(
    given,
    facts({ sha256: () => sha256(server.image), size: () => server.image.length, ...known }),
  );
  return bench.run(shell, script.replace("TRIES=100", "TRIES=4"));
}

const rawImage = (image: string): Os => ({ ...RAW_IMAGE, image: { url: `https://images.example/${image}` } }) as Os;

const failures = (): readonly string[] =>
  server
    .lines()
    .filter((line) => line.includes("phase=failed"))
    .map((line) => decodeURIComponent(line));
const begunAgain = (): number => server.lines().filter((line) => line.startsWith("GET /static/")).length;
const startOfDisk = (): Buffer => bench.read("disk").subarray(0, MIB);
const EMPTY = Buffer.alloc(MIB);

describe.each(Object.keys(SHELLS) as Shell[])("install.sh in %s", (shell) => {
  test("writes the image, places the configuration, reports and reboots", async () => {
    const { status, output } = await install({ shell });
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining("cp-1 is installed") });
    expect(bench.read("disk").subarray(0, RAW.length).equals(RAW)).toBe(true);
    expect(bench.read("oem.d/config.ign").toString()).toBe(CONFIG);
    expect(statSync(`${bench.folder}/oem.d/config.ign`).mode & 0o777).toBe(0o600);
    expect(server.lines()).toEqual([
      "HEAD /healthz",
      `POST /grant/${MAC}`,
      `POST /report/${MAC} phase=installing&disk=serial-D1`,
      expect.stringMatching(/^GET \/static\/raw-image\/[0-9a-f]{16}\/node\.raw\.gz$/),
      `GET /config/${MAC}`,
      `POST /report/${MAC} phase=installed`,
    ]);
    expect(bench.calls().at(-1)).toBe("reboot -f");
  });

  test("starts over when the transfer is cut, and nothing could boot in between", async () => {
    let cut = 0;
    server.trouble = (line, response) => {
      if (!line.startsWith("GET /static/")) return false;
      if (cut === 1) expect(startOfDisk().equals(EMPTY)).toBe(true);
      if (cut++ > 0) return false;
      response.setHeader("Content-Length", IMAGE.length);
      response.write(IMAGE.subarray(0, IMAGE.length / 2), () => response.destroy());
      return true;
    };
    const { output } = await install({ shell });
    expect(output).toContain("is installed");
    expect(begunAgain()).toBe(2);
    expect(bench.read("disk").subarray(0, RAW.length).equals(RAW)).toBe(true);
  });

  test("gives up on an image whose hash stays wrong, and leaves a disk that cannot boot", async () => {
    const { status, output } = await install({ shell, facts: { sha256: () => "0".repeat(64) } });
    expect(status).toBe(1);
    expect(output).toContain(`SHA-256 is ${sha256(IMAGE)}, expected ${"0".repeat(64)}`);
    expect(begunAgain()).toBe(5);
    expect(startOfDisk().equals(EMPTY)).toBe(true);
    expect(failures()).toEqual([expect.stringMatching(/reason=while\+writing\+the\+image\+to\+.*arrived\+wrong/)]);
    expect(server.lines().some((line) => line.startsWith("GET /config/"))).toBe(false);
    expect(bench.calls().at(-1)).toBe("reboot -f");
  });

  test("refuses a disk that holds something, says what, and touches no byte of it", async () => {
    bench.write("marks", "# offset,uuid,label,type\n0x200,,,gpt\n0x1fe,,,PMBR\n");
    const { output } = await install({ shell });
    expect(output).toContain("is not blank, it holds PMBR gpt, disk3 0.0 GB ext4 OEM; to give it up ask for a reinstall of cp-1");
    expect(failures()).toEqual([expect.stringMatching(/while\+choosing\+the\+disk:.*\(serial-D1\)\+is\+not\+blank/)]);
    expect(bench.read("disk").equals(OLD_DISK)).toBe(true);
    expect(server.lines().some((line) => line.includes("phase=installing"))).toBe(false);
  });

  test("tells nobody the token or what the configuration holds", async () => {
    server.trouble = (line, response) => {
      if (!line.includes("phase=installed")) return false;
      response.writeHead(403).end("no");
      return true;
    };
    const { output } = await install({ shell });
    expect(output).toContain("FAILED while reporting that the disk is written");
    expect(output + bench.calls().join("\n") + server.lines().join("\n")).not.toMatch(new RegExp(`${TOKEN}|the-cluster-key`));
    expect(
      new Set(server.heard.filter(({ authorization }) => authorization).map(({ authorization, tls }) => `${authorization} ${tls}`)),
    ).toEqual(new Set([`Bearer ${TOKEN} true`]));
  });
});

describe("install.sh overwrites what is on a disk", () => {
  test.each([
    { when: "it was begun by an earlier attempt", known: { ours: ["serial-other", "serial-D1"] } },
    { when: "the operator asked for a reinstall", known: { mayWipe: true } },
  ])("when $when", async ({ known }) => {
    bench.write("marks", "# offset,uuid,label,type\n0x200,,,gpt\n");
    expect(await install({ facts: known })).toMatchObject({ status: 0 });
  });

  test.each([
    { when: "the remembered identity only begins alike", known: { ours: ["serial-D"] } },
    { when: "the remembered identity is longer", known: { ours: ["serial-D12", "my serial-D1"] } },
    { when: "the remembered identity is a pattern", known: { ours: ["serial-..", "*", ".*", ""] } },
  ])("but not when $when", async ({ known }) => {
    bench.write("marks", "# offset,uuid,label,type\n0x200,,,gpt\n");
    expect(await install({ facts: known })).toMatchObject({ status: 1 });
    expect(bench.read("disk").equals(OLD_DISK)).toBe(true);
  });

  test("and not when the disk's serial number is a pattern that fits a remembered one", async () => {
    bench.write("marks", "# offset,uuid,label,type\n0x200,,,gpt\n");
    bench.write("listing", bench.read("listing").toString().replace("D1", "D."));
    expect(await install({ facts: { ours: ["serial-D1"] } })).toMatchObject({ status: 1 });
  });

  test("and not when nobody can say what is on it", async () => {
    bench.command("wipefs", "exit 1");
    expect(await install()).toMatchObject({ status: 1, output: expect.stringContaining("cannot be read") });
    expect(bench.read("disk").equals(OLD_DISK)).toBe(true);
  });
});

test.each([
  ["node.raw.zst", "zstd"],
  ["node.raw.gz", "gzip"],
  ["node.raw.xz", "xz"],
  ["node.raw.bz2", "bzip2"],
  ["node.raw", "cat"],
])("an image called %s is unpacked with %s", async (image, tool) => {
  server.image = tool === "cat" ? RAW : packed(tool, RAW);
  expect(await install({ image })).toMatchObject({ status: 0 });
  expect(bench.read("disk").subarray(0, RAW.length).equals(RAW)).toBe(true);
});

test("Fedora CoreOS finds its configuration in a folder of its boot partition, which nobody else can read", async () => {
  server.image = packed("xz", RAW);
  bench.write(
    "listing",
    bench
      .read("listing")
      .toString()
      .replace(/SIZE="\d+"/, 'SIZE="10000000000"'),
  );
  bench.command("blkid", `echo "$1: LABEL=\\"boot\\" UUID=\\"1\\" TYPE=\\"ext4\\" PARTLABEL=\\"boot\\""`);
  expect(await install({ os: FEDORA_COREOS })).toMatchObject({ status: 0 });
  expect(bench.read("disk").subarray(0, RAW.length).equals(RAW)).toBe(true);
  expect(bench.read("oem.d/ignition/config.ign").toString()).toBe(CONFIG);
  const modes = ["ignition", "ignition/config.ign"].map((name) => statSync(`${bench.folder}/oem.d/${name}`).mode & 0o777);
  expect(modes).toEqual([0o700, 0o600]);
});

describe("install.sh and its server", () => {
  const refusing =
    (path: string, status: number, words: string): Provisioner["trouble"] =>
    (line, response) => {
      if (!line.includes(path)) return false;
      response.writeHead(status).end(words);
      return true;
    };

  test("without permission nothing is touched, and the console has the server's words", async () => {
    server.trouble = refusing("/grant/", 403, "cp-1 is ready; ask for a reinstall");
    expect(await install()).toMatchObject({ status: 1, output: expect.stringMatching(/answered 403: cp-1 is ready; ask for a reinstall/) });
    expect(bench.read("disk").equals(OLD_DISK)).toBe(true);
    expect(server.lines()).toEqual(["HEAD /healthz", `POST /grant/${MAC}`]);
  });

  test("an answer that is no token is not taken for one", async () => {
    server.trouble = refusing("/grant/", 200, "<html>welcome to the hotel</html>");
    expect(await install()).toMatchObject({ status: 1, output: expect.stringContaining("did not answer with a token") });
  });

  test("a bootstrapper that is starting is waited for", async () => {
    let asked = 0;
    server.trouble = (line, response) => {
      if (!line.includes("/report/") || asked++ > 1) return false;
      response.destroy();
      return true;
    };
    expect(await install()).toMatchObject({ status: 0 });
  });

  test("a configuration that is refused leaves a disk that cannot boot", async () => {
    server.trouble = refusing("/config/", 403, "released already");
    expect(await install()).toMatchObject({ status: 1, output: expect.stringContaining("answered 403: released already") });
    expect(startOfDisk().equals(EMPTY)).toBe(true);
    expect(failures()).toEqual([expect.stringMatching(/while\+placing\+the\+configuration/)]);
  });

  test("an image without a place for the configuration costs no secret", async () => {
    bench.command("blkid", `echo "$1: LABEL=\\"ROOT\\" TYPE=\\"ext4\\" PARTLABEL=\\"OEM\\""`);
    expect(await install()).toMatchObject({ status: 1, output: expect.stringContaining("no file system labelled OEM") });
    expect(server.lines().some((line) => line.startsWith("GET /config/"))).toBe(false);
    expect(startOfDisk().equals(EMPTY)).toBe(true);
  });

  test("a disk that is too small is named as the reason", async () => {
    bench.command("dd", `case "$*" in *seek=16*) echo 'dd: error writing: No space left on device' >&2; exit 1 ;; *) exec dd "$@" ;; esac`);
    expect(await install()).toMatchObject({ status: 1, output: expect.stringMatching(/cannot take the image: .*No space left on device/) });
    expect(startOfDisk().equals(EMPTY)).toBe(true);
  });

  test("a certificate from tomorrow is blamed on the clock", async () => {
    await server.stop();
    const tomorrow = makeTls(new Date(Date.now() + 86_400_000));
    server = await Provisioner.start(tomorrow);
    onTestFinished(() => server.stop());
    expect(await install({ ca: tomorrow.ca })).toMatchObject({ status: 1, output: expect.stringContaining("this machine's clock says") });
    expect(bench.read("disk").equals(OLD_DISK)).toBe(true);
  });

  test("another authority's server gets no word", async () => {
    expect(await install({ ca: makeTls().ca })).toMatchObject({ status: 1 });
    expect(server.lines()).toEqual(["HEAD /healthz"]);
  });
});

describe("install.sh and the clock", () => {
  const telling =
    (date: string): Provisioner["trouble"] =>
    (line, response) => {
      if (!line.startsWith("HEAD")) return false;
      response.writeHead(200, { Date: date }).end();
      return true;
    };
  const settings = (): readonly string[] => bench.calls().filter((call) => call.startsWith("date -u -s"));

  test.each(Object.keys(SHELLS) as Shell[])("is set from the server when it is off, in %s", async (shell) => {
    server.trouble = telling("Fri, 08 Feb 2030 09:05:07 GMT");
    await install({ shell });
    expect(settings()).toEqual([`date -u -s @${Date.UTC(2030, 1, 8, 9, 5, 7) / 1000}`]);
  });

  test.each([
    ["the right time", () => new Date().toUTCString()],
    ["no date", () => "tomorrow"],
    ["a month that is none", () => "Fri, 08 Xxx 2030 09:05:07 GMT"],
    ["a command", () => "$(reboot)"],
  ])("is left alone when the server tells %s", async (_, date) => {
    server.trouble = telling(date());
    expect(await install()).toMatchObject({ status: 0 });
    expect(settings()).toEqual([]);
  });
});
