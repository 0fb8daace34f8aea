/** A second release where there is only one: the same programs, which say that they are one patch release later. So that a cluster can be upgraded. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../command.ts";
import { OciImage } from "./oci-image.ts";

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

/** The image in the folder becomes that of the later release, if its tag is the release. Otherwise nothing is done, and false returned. */
async function renew(folder: string, release: string, later: string): Promise<boolean> {
  const image = new OciImage(folder);
  if (!image.name.endsWith(`:${release}`)) return false;
  const plain = join(folder, "layer");
  const tar = await renamed(image.layer, plain, release, later);
  image.replaceLayer(readFileSync(`${plain}.zst`), tar);
  rmSync(`${plain}.zst`);
  image.rename(image.name.replace(`:${release}`, `:${later}`));
  return true;
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
