/** One rack's whole life under real firmware, kernel, Ignition and systemd, with everything that goes wrong in a data centre in between. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ipv4 } from "../../cluster/address.ts";
import { etcdIsOneCluster } from "./etcd.ts";
import { powerFails } from "./power.ts";
import { fileIn, SPARE, spare } from "./spare.ts";
import { ask, begin, GREETING, journaled, machineOf, on, phase, type Story, until } from "./story.ts";
import { fingerprint, installOn, SAYS, stranger } from "./stranger.ts";

const SERVER = "10.77.0.1";
/** On the machines' wire, but nobody's. */
const INTRUDER = "10.77.0.222";
const PLANES = ["cp-1", "cp-2"];
const WORKERS = ["worker-1"];
const NODES = [...PLANES, ...WORKERS];
const ADDRESS = ["haproxy.service", "keepalived.service"];
const ETCD = ["etcd.service"];
const SECRETS = /PRIVATE KEY|base64|report-token|[0-9a-f]{64}/;
/** Ten years ago: no certificate of the rack is valid yet. */
const LONG_AGO = "2016-01-01T00:00:00";

let story: Story;
let strangersDisk: string;
let untouched: string;

beforeAll(async () => {
  story = await begin({ described: spare, strangers: [stranger], wrongClock: { name: "cp-2", clock: LONG_AGO } });
  for (const address of [INTRUDER, SPARE]) await story.rack.network.addAddress(ipv4(address), 24);
  strangersDisk = story.rack.machine("stranger").disk(0);
  installOn(strangersDisk);
  untouched = await fingerprint(strangersDisk);
  for (const machine of story.rack.machines) machine.powerOn();
});

afterAll(async () => {
  await story?.state.clear();
});

const fetchesImage = (name: string) =>
  phase(story, name, ({ phase, transfer }) => phase === "installing" && /node\.raw/.test(transfer?.file ?? "") && transfer!.sent > 2 ** 20);

describe.sequential("while the rack installs itself", () => {
  test("a machine's power is cut in the middle of writing its disk", async () => {
    const before = await fetchesImage("worker-1");
    await story.rack.machine("worker-1").cutPower();
    expect(before.grant?.releasedAt).toBeUndefined();
    story.rack.machine("worker-1").powerOn();
  });

  test("who asks for another machine's token or configuration from a wrong address gets no secret, and is journaled", async () => {
    const { mac } = await fetchesImage("cp-2");
    const token = await ask(story, INTRUDER, "--request", "POST", `https://${SERVER}/grant/${mac}`);
    const config = await ask(story, INTRUDER, "--header", `Authorization: Bearer ${"0".repeat(64)}`, `https://${SERVER}/config/${mac}`);
    for (const answer of [token, config]) {
      expect(answer).toMatch(/\n403$/);
      expect(answer).not.toMatch(SECRETS);
    }
    const refused = await journaled(story, (entry) => entry.level === "refused" && entry.text.includes(INTRUDER));
    expect(refused.map(({ text }) => text).join("\n")).toMatch(/token[\s\S]*config|config[\s\S]*token/);
  });

  test("the bootstrapper is killed with -9 and comes back with every lease and every phase", async () => {
    await fetchesImage("cp-1");
    const sight = async () => {
      const machines = (await story.rack.api.machines()).map(({ mac, phase, grant, disks }) => ({ mac, phase, grant, disks }));
      const leases = (await story.rack.api.leases()).map(({ mac, address }) => ({ mac, address }));
      return { machines, leases };
    };
    const before = await sight();
    await story.rack.bootstrapper.kill();
    expect(story.rack.bootstrapper.isUp()).toBe(false);
    await story.rack.bootstrapper.start();
    const after = await sight();
    expect(before.leases.length).toBeGreaterThanOrEqual(3);
    expect(after.leases).toEqual(expect.arrayContaining(before.leases));
    expect(before.machines.map(({ phase }) => phase)).toContain("installing");
    for (const { mac, phase, disks, grant } of before.machines) {
      const then = after.machines.find((machine) => machine.mac === mac);
      expect(then?.disks, mac).toEqual(expect.arrayContaining([...disks]));
      expect(PHASES.indexOf(then!.phase), mac).toBeGreaterThanOrEqual(PHASES.indexOf(phase));
      if (grant) expect(then?.grant?.attempt, mac).toBeGreaterThanOrEqual(grant.attempt);
    }
  });

  test("secrets leave once: not to another address that has the token, and not a second time to the right one", async () => {
    const url = (path: string) => `https://${SERVER}/${path}/${spare.mac}`;
    for (const script of [`boot/${spare.mac}.ipxe`, `install/${spare.mac}.sh`]) {
      expect(await ask(story, SPARE, `http://${SERVER}/${script}`)).toMatch(/\n200$/);
    }
    const [token, given] = (await ask(story, SPARE, "--request", "POST", url("grant"))).split("\n");
    expect([token?.length, given]).toEqual([64, "200"]);
    const shown = ["--header", `Authorization: Bearer ${token}`];
    await ask(story, SPARE, ...shown, "--data", "phase=installing&disk=serial-SPARE", url("report"));

    const stolen = await ask(story, INTRUDER, ...shown, url("config"));
    expect(stolen).toMatch(/\n403$/);
    expect(stolen).not.toMatch(SECRETS);

    const first = await ask(story, SPARE, ...shown, url("config"));
    expect(first).toMatch(/\n200$/);
    expect(fileIn(first.slice(0, first.lastIndexOf("\n")), "/etc/sextant/node.key")).toMatch(/^-----BEGIN (RSA )?PRIVATE KEY-----/);

    const second = await ask(story, SPARE, ...shown, url("config"));
    expect(second).toMatch(/released once[\s\S]*\n403$/);
    expect(second).not.toMatch(SECRETS);
    const refused = await journaled(story, ({ level, mac }) => level === "refused" && mac === spare.mac);
    expect(refused.map(({ text }) => text).join("\n")).toMatch(new RegExp(`${INTRUDER}[\\s\\S]*${SPARE}.*released once`));
  });

  test("all of them end Ready, also the one that lost its power and the one whose clock was ten years behind", async () => {
    for (const name of NODES) await phase(story, name, ({ phase }) => phase === "ready");
    const attempts = await journaled(
      story,
      ({ mac, text }) => mac === story.rack.machine("worker-1").hardware.mac && /attempt 2/.test(text),
    );
    expect(attempts.length).toBeGreaterThan(0);
  });
});

test.each(NODES)("%s's disk is known by its serial number, be it virtio or SCSI", async (name) => {
  const { mac } = story.rack.machine(name).hardware;
  const written = await journaled(story, (entry) => entry.mac === mac && entry.text.includes("it writes"));
  expect(written[0]?.text).toContain(`serial-${story.rack.machine(name).hardware.disks[0]!.serial}`);
});

/** Only forwards while nothing goes wrong. */
const PHASES = ["discovered", "assigned", "granted", "booting", "installing", "installed", "configuring", "ready"];

describe("a running node", () => {
  test.each(NODES)("%s has the name it was given", async (name) => {
    expect(await on(story, name, "hostname")).toBe(name);
  });

  test.each(NODES)("%s lets in the described key, and nobody with a password", async (name) => {
    expect(await on(story, name, "id -un; sudo sshd -T | grep -E '^passwordauthentication|^kbdinteractive'")).toMatch(
      /^core\npasswordauthentication no\nkbdinteractiveauthentication no$/,
    );
  });

  test.each(NODES)("%s has a certificate of its own, by our CA, with a key only root reads", async (name) => {
    const verdict = await on(
      story,
      name,
      `sudo stat -c '%a %U %n' /etc/sextant/ca.pem /etc/sextant/node.crt /etc/sextant/node.key /etc/sextant/report-token
       openssl verify -x509_strict -CAfile /etc/sextant/ca.pem /etc/sextant/node.crt
       openssl x509 -in /etc/sextant/node.crt -noout -checkhost ${name}.rack.lan
       test "$(openssl x509 -in /etc/sextant/node.crt -noout -pubkey)" = "$(sudo openssl pkey -in /etc/sextant/node.key -pubout)" && echo its own key`,
    );
    expect(verdict.split("\n")).toEqual([
      "644 root /etc/sextant/ca.pem",
      "644 root /etc/sextant/node.crt",
      "600 root /etc/sextant/node.key",
      "600 root /etc/sextant/report-token",
      "/etc/sextant/node.crt: OK",
      `Hostname ${name}.rack.lan does match certificate`,
      "its own key",
    ]);
  });

  test.each(PLANES)("%s holds the cluster's CA key, for root alone", async (name) => {
    expect(
      await on(
        story,
        name,
        "sudo stat -c '%a %U' /etc/kubernetes/pki/ca.key; sudo openssl pkey -in /etc/kubernetes/pki/ca.key -check -noout",
      ),
    ).toBe("600 root\nKey is valid");
  });

  test.each(WORKERS)("%s has the cluster's CA certificate and no CA key", async (name) => {
    expect(await on(story, name, "ls /etc/kubernetes/pki; sudo find /etc /opt /var/lib -name 'ca*.key' -o -name 'ca-key*'")).toBe("ca.crt");
  });

  test.each(NODES)("%s takes its time from the bootstrapper", async (name) => {
    expect(await on(story, name, "timedatectl show -p NTPSynchronized --value; timedatectl show-timesync -p ServerAddress --value")).toBe(
      `yes\n${SERVER}`,
    );
  });

  test.each(NODES)("%s resolves the others through our DNS, forwards and backwards", async (name) => {
    // Its own address a node answers by itself.
    const other = name === "cp-1" ? { name: "cp-2", address: "10.77.0.12" } : { name: "cp-1", address: "10.77.0.11" };
    const answers = await on(
      story,
      name,
      `for other in cp-1 cp-2.rack.lan 52-54-00-77-00-03 bootstrapper api; do getent ahostsv4 $other | awk 'NR == 1 { print $1 }'; done
       getent hosts ${other.address} | awk '{ print $2 }'`,
    );
    expect(answers.split("\n")).toEqual(["10.77.0.11", "10.77.0.12", "10.77.0.13", SERVER, "10.77.0.5", `${other.name}.rack.lan`]);
  });

  test.each(NODES)("%s runs what its roles ask for, and nothing failed", async (name) => {
    const [asked, roles] = PLANES.includes(name)
      ? [
          [...ADDRESS, ...ETCD],
          ["control-plane", "etcd"],
        ]
      : [ETCD, ["worker", "etcd"]];
    const said = await on(
      story,
      name,
      `for unit in $(cat /etc/sextant/ready-when); do echo "$unit $(systemctl is-active $unit)"; done
       systemctl --failed --no-legend --plain; cat /etc/sextant/roles`,
    );
    expect(said.split("\n")).toEqual([...["containerd.service", ...asked].map((unit) => `${unit} active`), ...roles]);
  });
});

describe.sequential("afterwards", () => {
  test("a node pulls a container image under its own name from the bootstrapper, over TLS", async () => {
    const pulled = await on(
      story,
      "worker-1",
      `sudo ctr --namespace k8s.io images pull --hosts-dir /etc/containerd/certs.d ${GREETING} >/dev/null
       sudo mkdir -p /run/greeting && sudo ctr --namespace k8s.io images mount ${GREETING} /run/greeting >/dev/null
       head -n 1 /run/greeting/greeting; sudo umount /run/greeting`,
    );
    expect(pulled.trim()).toBe("greeting for amd64");
  });

  test("a second request for released secrets is refused, even from the right machine with its own token, and journaled", async () => {
    const { mac } = await machineOf(story, "cp-2");
    const answers = await on(
      story,
      "cp-2",
      `for what in "POST grant" "GET config"; do set -- $what
         sudo curl --silent --cacert /etc/sextant/ca.pem --header "Authorization: Bearer $(sudo cat /etc/sextant/report-token)" --write-out ' %{http_code}\\n' --request $1 https://${SERVER}/$2/${mac}
       done`,
    );
    expect(answers.match(/\b403$/gm)).toHaveLength(2);
    expect(answers).not.toMatch(SECRETS);
    const refused = await journaled(story, (entry) => entry.mac === mac && entry.level === "refused" && entry.text.includes("10.77.0.12"));
    expect(refused.length).toBeGreaterThanOrEqual(2);
  });

  test("the machine that is not listed was shown, booted its own system and was not touched", async () => {
    await until("the stranger to boot", async () => (story.rack.machine("stranger").serialText().includes(SAYS) ? true : undefined));
    expect(await machineOf(story, "stranger")).toMatchObject({ phase: "discovered", nextBoot: { do: "discover" } });
    expect(await fingerprint(strangersDisk)).toBe(untouched);
  });
});

describe("etcd", () => etcdIsOneCluster(() => story, NODES));

describe.sequential("when power fails", () => powerFails(() => story, { planes: PLANES, workers: WORKERS }));
