/** TSIG: what others' signatures look like, and each way in which one can be wrong. RFC 8945. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Query, readQuery } from "../../../../bootstrapper/dns/message.ts";
import { KeyFileError, readKey } from "../../../../bootstrapper/dns/tsig/key-file.ts";
import { Replays } from "../../../../bootstrapper/dns/tsig/replays.ts";
import { Signer, signRefusal } from "../../../../bootstrapper/dns/tsig/sign.ts";
import { type Key, macOf, readTsig, type Tsig, withoutTsig, withTsig } from "../../../../bootstrapper/dns/tsig/tsig.ts";
import { verify } from "../../../../bootstrapper/dns/tsig/verify.ts";
import { key, keyText, query, SECRET } from "../../../support/dns.ts";

const NOON = 1_795_262_400;
const OURS: Key = { ...key("k1.cluster.lab"), secret: SECRET };
const KEYS = new Map([["k1.cluster.lab", OURS]]);

const fields = (rest: Partial<Tsig> = {}): Omit<Tsig, "mac"> => ({
  key: "k1.cluster.lab",
  algorithm: "hmac-sha256",
  time: NOON,
  fudge: 300,
  originalId: 0x1234,
  error: 0,
  other: Buffer.alloc(0),
  ...rest,
});
/** A query as a client signs it. */
function signed(change: Partial<Tsig> = {}, by: Key = OURS, message = query("cluster.lab", { edns: 1232 })): Buffer {
  const tsig = fields(change);
  const mac = change.mac ?? macOf(by, { message, tsig });
  return withTsig(message, { ...tsig, mac });
}
function understood(bytes: Uint8Array): Query {
  const received = readQuery(bytes);
  if (!("query" in received)) throw new Error(received.because);
  return received.query;
}
const judged = (bytes: Buffer, now = NOON) => verify(bytes, understood(bytes).tsig!, KEYS, now);

test("a signature with our key, now, is good", () => {
  expect(judged(signed())).toMatchObject({ signed: "well", key: { name: "k1.cluster.lab" } });
});

// biome-ignore format: a table
test.each([
  { when: "nobody has the key",             bytes: signed({ key: "k2.cluster.lab" }),            error: 17, because: "there is no key k2" },
  { when: "the key is for another algorithm", bytes: signed({ algorithm: "hmac-sha512" }),       error: 17, because: "is for hmac-sha256" },
  { when: "the algorithm is hmac-md5",      bytes: signed({ algorithm: "hmac-md5.sig-alg.reg.int" }), error: 17, because: "is for hmac-sha256" },
  { when: "another secret signed it",       bytes: signed({}, { ...OURS, secret: Buffer.alloc(32) }), error: 16, because: "was not signed" },
  { when: "a bit of it has changed",        bytes: ((bytes) => { bytes[14]! ^= 0x01; return bytes; })(signed()), error: 16, because: "was not signed" },
  { when: "it is 301 s old",                bytes: signed({ time: NOON - 301 }),                 error: 18, because: "by 301 s" },
  { when: "it is from the future",          bytes: signed({ time: NOON + 400 }),                 error: 18, because: "by 400 s" },
  { when: "its code is cut to half",        bytes: signed({ mac: macOf(OURS, { message: query("cluster.lab", { edns: 1232 }), tsig: fields() }).subarray(0, 16) }), error: 22, because: "cut to 16 of 32" },
])("a signature is bad when $when", ({ bytes, error, because }) => {
  expect(judged(bytes)).toMatchObject({ signed: "ill", error, because: expect.stringContaining(because) });
});

test.each([0, 8, 9, 33])("a code of %i bytes is malformed", (size) => {
  expect(() => judged(signed({ mac: Buffer.alloc(size) }))).toThrow(`a TSIG code of ${size} bytes`);
});

test.each([299, 300])("%i s either way are within the fudge", (off) => {
  expect(judged(signed({ time: NOON - off }))).toMatchObject({ signed: "well" });
  expect(judged(signed({ time: NOON + off }))).toMatchObject({ signed: "well" });
});

test("a signature that is not last, or not alone, makes the message malformed", () => {
  const bytes = signed();
  const twice = withTsig(bytes, { ...fields(), mac: Buffer.alloc(32) });
  expect(readQuery(twice)).toMatchObject({ got: "refusal", because: expect.stringContaining("TSIG record is out of place") });
  expect(readQuery(Buffer.concat([bytes, Buffer.of(0)]))).toMatchObject({ got: "refusal" });
});

test("what is written is read back, and taking it off leaves the message as it was", () => {
  const name = fc.array(fc.stringMatching(/^[a-z0-9-]{1,20}$/), { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
  const uint16 = fc.nat({ max: 0xffff });
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
  const tsig = fc.record({
    key: name,
    algorithm: name,
    time: fc.nat({ max: 2 ** 48 - 1 }),
    fudge: uint16,
    mac: bytes(64),
    originalId: uint16,
    error: uint16,
    other: bytes(6),
  });
  fc.assert(
    fc.property(tsig, (written) => {
      const plain = query("cluster.lab", { id: 7 });
      const whole = withTsig(plain, written);
      const place = understood(whole).tsig!;
      expect(readTsig(whole, place)).toEqual(written);
      expect(withoutTsig(whole, place, 7).equals(plain)).toBe(true);
    }),
  );
});

test("no bytes in place of a signature end anything but with a verdict or an error", () => {
  const good = signed();
  const mutated = fc.array(fc.tuple(fc.integer({ min: 29, max: good.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(mutated, (changes) => {
      const bytes = Buffer.from(good);
      for (const [at, byte] of changes) bytes[at] = byte;
      const received = readQuery(bytes);
      if (!("query" in received) || !received.query.tsig) return;
      try {
        const verdict = verify(bytes, received.query.tsig, KEYS, NOON);
        const alike = bytes.toString("latin1").toLowerCase() === good.toString("latin1").toLowerCase();
        if (verdict.signed === "well") expect(alike).toBe(true); // names are compared without regard to case
      } catch (error) {
        expect((error as Error).name).toBe("WireError");
      }
    }),
    { numRuns: 2000 },
  );
});

test("an answer proves what it answers, and each further message what it follows", () => {
  const request = readTsig(signed(), understood(signed()).tsig!);
  const signer = new Signer(OURS, request, () => NOON);
  const [first, second] = [signer.sign(query("a.b")), signer.sign(query("c.d"))] as const;
  const read = (bytes: Buffer): Tsig => readTsig(bytes, understood(bytes).tsig!);
  const expected = (prior: Uint8Array, message: Uint8Array, tsig: Tsig, timersOnly: boolean): Buffer =>
    macOf(OURS, { prior, message, tsig, timersOnly });
  expect(Buffer.from(read(first).mac).equals(expected(request.mac, query("a.b"), read(first), false))).toBe(true);
  expect(Buffer.from(read(second).mac).equals(expected(read(first).mac, query("c.d"), read(second), true))).toBe(true);
});

test("a wrong time is told with ours and signed; a wrong key or code is not signed", () => {
  const refusal = (bytes: Buffer): Tsig => {
    const verdict = judged(bytes);
    if (verdict.signed === "well") throw new Error("it is good");
    const answer = signRefusal(query("cluster.lab"), verdict, NOON);
    return readTsig(answer, understood(answer).tsig!);
  };
  const late = refusal(signed({ time: NOON - 1000 }));
  expect(late).toMatchObject({ error: 18, time: NOON - 1000 });
  expect(Buffer.from(late.other).readUIntBE(0, 6)).toBe(NOON);
  expect(late.mac).toHaveLength(32);
  expect(refusal(signed({ key: "other" }))).toMatchObject({ error: 17, mac: Buffer.alloc(0), key: "other" });
  expect(refusal(signed({ mac: Buffer.alloc(32) }))).toMatchObject({ error: 16, mac: Buffer.alloc(0) });
});

test("a message that comes again within ten minutes gets the answer it got", () => {
  const replays = new Replays<string>();
  replays.put(Buffer.from("mac"), "answer", 0);
  expect(replays.get(Buffer.from("mac"), 599_000)).toBe("answer");
  expect(replays.get(Buffer.from("mac"), 600_000)).toBeUndefined();
  expect(replays.get(Buffer.from("other"), 0)).toBeUndefined();
});

test("the messages remembered are bounded", () => {
  const replays = new Replays<number>();
  for (let i = 0; i < 5000; i++) replays.put(Buffer.from(`${i}`), i, 0);
  expect(replays.get(Buffer.from("4999"), 1)).toBe(4999);
  expect(replays.get(Buffer.from("0"), 1)).toBeUndefined();
});

// biome-ignore format: a table
test.each([
  { form: "tsig-keygen writes",       text: keyText("k1.cluster.lab") },
  { form: "one line has",             text: `key k1.cluster.lab. { algorithm "HMAC-SHA256"; secret ${SECRET.toString("base64")}; };` },
  { form: "comments surround",        text: `# made by hand\n// and /* more */\n${keyText("K1.Cluster.Lab")}/* end */\n` },
])("a key is read as $form it", ({ text }) => {
  expect(readKey(text, key("k1.cluster.lab"), "k.key").secret.equals(SECRET)).toBe(true);
});

test("base64 with slashes in it is no comment", () => {
  const secret = Buffer.alloc(32, 0xff);
  expect(readKey(keyText("k1.cluster.lab", "hmac-sha256", secret), key("k1.cluster.lab"), "k.key").secret.equals(secret)).toBe(true);
});

// biome-ignore format: a table
test.each([
  { when: "it holds another key",        text: keyText("k2.cluster.lab"),                          says: "holds the key k2.cluster.lab instead of k1" },
  { when: "its algorithm is another",    text: keyText("k1.cluster.lab", "hmac-sha512"),           says: "its algorithm is hmac-sha512" },
  { when: "its secret is short",         text: keyText("k1.cluster.lab", "hmac-sha256", Buffer.from("short")), says: "less than 16 bytes" },
  { when: "it is empty",                 text: "",                                                 says: "holds no key" },
  { when: "it is a certificate",         text: "-----BEGIN CERTIFICATE-----",                      says: "holds no key" },
])("a key file is refused, without its secret being told, when $when", ({ text, says }) => {
  const read = (): Key => readKey(text, key("k1.cluster.lab"), "tls/dns/k1.key");
  expect(read).toThrow(KeyFileError);
  expect(read).toThrow(`tls/dns/k1.key: `);
  expect(read).toThrow(says);
  expect(read).not.toThrow(SECRET.toString("base64"));
});
