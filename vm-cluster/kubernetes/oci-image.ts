/** One container image as a folder, changed where it lies. opencontainers/image-spec: image-layout.md, manifest.md and config.md. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface Index {
  readonly manifests: readonly Descriptor[];
}
interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
interface Config {
  readonly config?: { readonly Env?: readonly string[] };
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

const NAME = "io.containerd.image.name";

export class OciImage {
  readonly #folder: string;
  #index: Index;
  #manifest: Manifest;
  #config: Config;

  /** `folder` is an image layout with one image. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#index = this.#read(join(folder, "index.json"));
    if (this.#index.manifests.length !== 1) throw new Error(`${folder} holds ${this.#index.manifests.length} images; one is wanted`);
    this.#manifest = this.#read(this.#blob(this.#index.manifests[0]!.digest));
    this.#config = this.#read(this.#blob(this.#manifest.config.digest));
  }

  /** "k8s.gcr.io/kube-proxy:v1.20.2"; "" when it has none. */
  get name(): string {
    return this.#index.manifests[0]!.annotations?.[NAME] ?? "";
  }

  rename(name: string): void {
    const [image] = this.#index.manifests;
    this.#index = { ...this.#index, manifests: [{ ...image!, annotations: { ...image!.annotations, [NAME]: name } }] };
    this.#keep();
  }

  /** Its one layer, a tar that zstd packed. Throws for an image with other ones. */
  get layer(): string {
    const [layer, ...more] = this.#manifest.layers;
    if (!layer?.mediaType.endsWith("+zstd") || more.length > 0) throw new Error(`${this.name} has other layers than one of zstd`);
    return this.#blob(layer.digest);
  }

  /** `tar` is what is in it when it is unpacked. */
  replaceLayer(packed: Buffer, tar: Buffer): void {
    this.#manifest = { ...this.#manifest, layers: [this.#put(this.#manifest.layers[0]!, packed)] };
    this.#reconfigure({ ...this.#config, rootfs: { ...this.#config.rootfs, diff_ids: [digestOf(tar)] } });
  }

  /** What its programs find in their environment besides: "NAME=value". */
  addToEnvironment(variable: string): void {
    const { config } = this.#config;
    this.#reconfigure({ ...this.#config, config: { ...config, Env: [...(config?.Env ?? []), variable] } });
  }

  #reconfigure(config: Config): void {
    this.#config = config;
    this.#manifest = { ...this.#manifest, config: this.#put(this.#manifest.config, json(config)) };
    this.#index = { ...this.#index, manifests: [this.#put(this.#index.manifests[0]!, json(this.#manifest))] };
    this.#keep();
  }

  #keep(): void {
    writeFileSync(join(this.#folder, "index.json"), json(this.#index));
  }

  /** In place of what the descriptor names. */
  #put(old: Descriptor, bytes: Buffer): Descriptor {
    rmSync(this.#blob(old.digest));
    const digest = digestOf(bytes);
    writeFileSync(this.#blob(digest), bytes);
    return { ...old, digest, size: bytes.length };
  }

  #blob(digest: string): string {
    return join(this.#folder, "blobs", digest.replace(":", "/"));
  }

  #read<T>(file: string): T {
    return JSON.parse(readFileSync(file, "utf8"));
  }
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
