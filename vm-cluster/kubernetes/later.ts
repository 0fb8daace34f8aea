/** A second release where there is only one: the same programs, which say that they are one patch release later. So that a cluster can be upgraded. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../command.ts";

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface ImageConfig {
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

/** Both folders are laid out as README.md has it; `to`, which is made, gets no image that has a release of its own. */
export async function laterRelease(from: string, to: string): Promise<void> {
  const [release, ...more] = readdirSync(join(from, "release")).filter((name) => /^v\d+\.\d+\.\d+$/.test(name));
  if (!release || more.length > 0) throw new Error(`${from}/release holds ${more.length + (release ? 1 : 0)} releases; one is wanted`);
  const later = next(release);

  const programsOf = (folder: string, name: string) => join(folder, "release", name, "bin/linux/amd64");
  const [programs, changed] = [programsOf(from, release), programsOf(to, later)];
  mkdirSync(changed, { recursive: true });
  for (const file of readdirSync(programs).filter((name) => name.endsWith(".zst"))) {
    const plain = join(changed, file.slice(0, -".zst".length));
    writeFileSync(`${plain}.sha256`, sha256(await renamed(join(programs, file), plain, release, later)));
  }

  mkdirSync(join(to, "images"));
  for (const archive of readdirSync(join(from, "images"))) {
    const folder = join(to, "images", `${archive}.open`);
    mkdirSync(folder);
    await run("tar", ["-xf", join(from, "images", archive), "-C", folder]);
    if (await renew(folder, release, later)) await run("tar", ["-cf", join(to, "images", archive), "-C", folder, "."]);
    rmSync(folder, { recursive: true });
  }
}

/** Of as many characters, for a program is changed in its place. */
function next(release: string): string {
  const [, minor, patch] = /^(.*\.)(\d+)$/.exec(release)!;
  const later = `${minor}${Number(patch) + 1}`;
  if (later.length !== release.length)
    throw new Error(`the release after ${release} is a longer word, which its programs have no room for`);
  return later;
}

/** Unpacks, says the later release instead, and packs as `plain`.zst; resolves with the bytes in it. What does not say its release is refused. */
async function renamed(packed: string, plain: string, release: string, later: string): Promise<Buffer> {
  await run("zstd", ["-q", "-d", packed, "-o", plain]);
  const old = readFileSync(plain);
  if (!old.includes(release)) throw new Error(`${packed} does not say ${release} anywhere`);
  const bytes = Buffer.from(old.toString("latin1").replaceAll(release, later), "latin1");
  writeFileSync(plain, bytes);
  await run("zstd", ["-q", "-1", "--rm", plain]);
  return bytes;
}

/** An OCI layout whose image has the release as its tag becomes that of the later one. Otherwise nothing is done, and false returned. */
async function renew(folder: string, release: string, later: string): Promise<boolean> {
  const blob = (digest: string) => join(folder, "blobs/sha256", digest.replace("sha256:", ""));
  const put = <D extends Pick<Descriptor, "digest">>(descriptor: D, bytes: Buffer) => {
    const digest = `sha256:${sha256(bytes)}`;
    writeFileSync(blob(digest), bytes);
    rmSync(blob(descriptor.digest));
    return { ...descriptor, digest, size: bytes.length };
  };
  const indexFile = join(folder, "index.json");
  const index = JSON.parse(readFileSync(indexFile, "utf8")) as { readonly manifests: readonly Descriptor[] };
  const [image] = index.manifests;
  const NAME = "io.containerd.image.name";
  const name = image?.annotations?.[NAME];
  if (!image || !name?.endsWith(`:${release}`)) return false;

  const manifest = JSON.parse(readFileSync(blob(image.digest), "utf8")) as {
    readonly config: Descriptor;
    readonly layers: readonly Descriptor[];
  };
  const config = JSON.parse(readFileSync(blob(manifest.config.digest), "utf8")) as ImageConfig;
  const [layer, ...more] = manifest.layers;
  if (!layer?.mediaType.endsWith("+zstd") || more.length > 0) throw new Error(`${name} has other layers than one of zstd`);
  const plain = join(folder, "layer");
  const tar = await renamed(blob(layer.digest), plain, release, later);
  const packed = readFileSync(`${plain}.zst`);
  rmSync(`${plain}.zst`);

  const renewed = {
    ...manifest,
    config: put(manifest.config, json({ ...config, rootfs: { ...config.rootfs, diff_ids: [`sha256:${sha256(tar)}`] } })),
    layers: [put(layer, packed)],
  };
  const annotations = { ...image.annotations, [NAME]: name.replace(`:${release}`, `:${later}`) };
  writeFileSync(indexFile, json({ ...index, manifests: [put({ ...image, annotations }, json(renewed))] }));
  return true;
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
