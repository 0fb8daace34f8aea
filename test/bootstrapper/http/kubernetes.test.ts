/** POST /kubernetes/<mac>: who is heard, what is understood, and lines that a shell reads. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashOf } from "../../../bootstrapper/http/request/tokens.ts";
import { parseWord } from "../../../bootstrapper/http/secrets/kubernetes.ts";
import { type Answer, form, type Rig, startRig } from "./rig.ts";
import { CP1, CP1_ADDRESS, STRANGER, W1_ADDRESS } from "./small-world.ts";

const TOKEN = "c".repeat(64);
let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
  rig.world.put(CP1, { phase: "configuring", reportTokenHash: hashOf(TOKEN) });
});
afterEach(() => rig.stop());

const say = (body: string, how: { from?: string; token?: string; plain?: boolean } = {}): Promise<Answer> =>
  rig.ask("/kubernetes/52-54-00-00-00-11", { method: "POST", from: CP1_ADDRESS, token: TOKEN, body, headers: form, ...how });

test("a node that asks is answered line by line", async () => {
  rig.world.heardAnswer = { ok: true, lines: { do: "join", because: "cp-2\nfounded", token: "a.b", endpoint: "10.0.0.12:6443" } };
  const { status, text, headers } = await say("state=asks");
  expect([status, text]).toEqual([200, "do=join\nbecause=cp-2 founded\ntoken=a.b\nendpoint=10.0.0.12:6443\n"]);
  expect([headers["content-type"], headers["cache-control"]]).toEqual(["text/plain; charset=utf-8", "no-store"]);
  expect(rig.world.heard).toEqual([{ mac: CP1, word: { state: "asks" } }]);
});

test("a node that serves is answered its order, each program on a line of its own", async () => {
  const files = ["kubeadm 00ff https://10.0.0.1/static/kubeadm", "kubelet 11ff https://10.0.0.1/static/kubelet\nfile=evil"];
  rig.world.heardAnswer = { ok: true, lines: { do: "upgrade", order: "a.1.0" }, files };
  expect((await say("state=serves")).text).toBe(
    "do=upgrade\norder=a.1.0\nfile=kubeadm 00ff https://10.0.0.1/static/kubeadm\nfile=kubelet 11ff https://10.0.0.1/static/kubelet file=evil\n",
  );
  expect(rig.world.heard).toEqual([{ mac: CP1, word: { state: "serves" } }]);
});

test("what can no longer be is a conflict, and left to the desk to journal", async () => {
  rig.world.heardAnswer = { ok: false, because: "the founding has passed to cp-2" };
  const { status, text } = await say("state=founded");
  expect(status).toBe(409);
  expect(text).toContain("because: the founding has passed to cp-2\n");
  expect(rig.world.lines()).toEqual([]);
});

test.each([
  { what: "from an address that nobody holds", how: { from: STRANGER } },
  { what: "from another machine's address", how: { from: W1_ADDRESS } },
  { what: "with a wrong token", how: { token: "x" } },
  { what: "with the token's hash", how: { token: hashOf(TOKEN) } },
  { what: "over plain HTTP", how: { plain: true } },
])("nobody is heard $what", async ({ how }) => {
  expect((await say("state=asks", how)).status).toBe(403);
  expect(rig.world.heard).toEqual([]);
  expect(rig.world.lines("refused")).toHaveLength(1);
});

test("the token of an installation opens nothing here", async () => {
  rig.world.put(CP1, {
    phase: "installing",
    grant: { openedAt: 0, expiresAt: 1e15, attempt: 1, mayWipe: false, tokenHash: hashOf("install") },
  });
  expect((await say("state=asks", { token: "install" })).status).toBe(403);
});

test.each([
  ["state=failed&reason=kubeadm+ended%0Awith+1", { state: "failed", reason: "kubeadm ended with 1" }],
  ["state=joined", { state: "joined" }],
  ["state=founding&more=1", { state: "founding" }],
  ["state=serves", { state: "serves" }],
  ["state=obeyed&order=a1b2.3.0", { state: "obeyed", order: "a1b2.3.0" }],
  ["state=failed&order=a1b2.3.0&reason=no+disk", { state: "failed", order: "a1b2.3.0", reason: "no disk" }],
])("%s is understood", (text, word) => {
  expect(parseWord(new URLSearchParams(text))).toEqual(word);
});

test.each([
  ["", '"state" is missing'],
  ["state=forget", '"forget" is nothing that is said here'],
  ["state=failed", '"reason" is missing'],
  ["state=obeyed", '"order" is missing'],
  ["state=obeyed&order=../x", '"order" is none that was given'],
  ["state=obeyed&order=a&order=b", '"order" is given twice'],
  ["state=asks&state=founded", '"state" is given twice'],
])("%s is explained", async (text, because) => {
  const answer = await say(text);
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(because)]);
  expect(rig.world.heard).toEqual([]);
});
