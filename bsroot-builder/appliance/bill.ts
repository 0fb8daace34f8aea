/** What a program is made of, as CycloneDX 1.5 JSON: npm packages, Debian packages and node itself. The same parts make the same bytes. */

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  /** As package-lock.json has it: "sha512-" and base64. */
  readonly integrity?: string;
}

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

export interface Parts {
  readonly version: string;
  readonly npm: readonly NpmPackage[];
  readonly debian: readonly DebianPackage[];
  /** "24.11.0", where the runtime is carried too. */
  readonly node?: string;
}

interface Component {
  readonly type: "library" | "platform";
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly "bom-ref": string;
  readonly [more: string]: unknown;
}

export function billOfMaterials({ version, npm, debian, node }: Parts): string {
  const components = [
    ...(node === undefined ? [] : [component("platform", "node", node, `pkg:generic/node@${node}`)]),
    ...npm.map(ofNpm),
    ...debian.map((one) => {
      const purl = `pkg:deb/debian/${encodeURIComponent(one.name)}@${encodeURIComponent(one.version)}?arch=${one.architecture}`;
      return component("library", one.name, one.version, purl);
    }),
  ];
  const unique = [...new Map(components.map((one) => [one.purl, one])).values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
  const self = { type: "application", name: "sextant", version, licenses: [{ license: { id: "Apache-2.0" } }] };
  const bill = { bomFormat: "CycloneDX", specVersion: "1.5", version: 1, metadata: { component: self }, components: unique };
  return `${JSON.stringify(bill, null, 1)}\n`;
}

function ofNpm({ name, version, license, integrity }: NpmPackage): Component {
  const [, hash] = /^sha512-(.+)$/.exec(integrity ?? "") ?? [];
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return component("library", name, version, purl, {
    ...(license !== undefined && { licenses: [{ expression: license }] }),
    ...(hash !== undefined && { hashes: [{ alg: "SHA-512", content: Buffer.from(hash, "base64").toString("hex") }] }),
  });
}

const component = (type: Component["type"], name: string, version: string, purl: string, more: object = {}): Component => ({
  type,
  "bom-ref": purl,
  name,
  version,
  purl,
  ...more,
});

const DPKG_FIELDS = ["Package", "Version", "Architecture"];
/** What `dpkg-query --show --showformat` is to answer for parseDpkg. */
export const DPKG_FORMAT = `${DPKG_FIELDS.map((field) => `$\{${field}}`).join("\\t")}\\n`;

export const parseDpkg = (text: string): readonly DebianPackage[] =>
  text.split("\n").flatMap((line) => {
    const [name, version, architecture] = line.split("\t");
    return name && version && architecture ? [{ name, version, architecture }] : [];
  });
