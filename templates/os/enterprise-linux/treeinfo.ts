/** .treeinfo: what an installation tree says of itself. https://github.com/release-engineering/productmd/blob/master/doc/treeinfo-1.2.rst */

export interface TreeInfo {
  /** As the tree spells it: "x86_64". */
  readonly architecture: string;
  /** Relative to the tree. */
  readonly kernel: string;
  readonly initrd: string;
  /** The installer's own root file system. */
  readonly runtime: string;
  /** Its repositories by name; a path relative to the tree, which may lead out of it: "../../../AppStream/x86_64/os". */
  readonly repositories: Readonly<Record<string, string>>;
  /** SHA-256 in hex by path, of the files it vouches for. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** Throws TypeError when it is no .treeinfo. */
export function readTreeInfo(text: string): TreeInfo {
  const sections = sectionsOf(text);
  const tree = sections.get("tree") ?? sections.get("general");
  const architecture = tree?.get("arch");
  if (tree === undefined || architecture === undefined)
    throw new TypeError("this is no .treeinfo: it names no arch; does the tree's URL lead to the folder that holds .treeinfo?");
  const images = sections.get(`images-${architecture}`);
  const variants = (tree.get("variants") ?? "").split(",").map((name) => name.trim());
  const repositories = variants.flatMap((name) => {
    const repository = sections.get(`variant-${name}`)?.get("repository");
    return repository === undefined ? [] : [[name, repository] as const];
  });
  return {
    architecture,
    kernel: images?.get("kernel") ?? "images/pxeboot/vmlinuz",
    initrd: images?.get("initrd") ?? "images/pxeboot/initrd.img",
    runtime: sections.get("stage2")?.get("mainimage") ?? "images/install.img",
    repositories: Object.fromEntries(repositories),
    checksums: checksumsOf(sections.get("checksums") ?? new Map()),
  };
}

function checksumsOf(section: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const found = [...section].flatMap(([path, sum]) => {
    const hash = /^sha256:([0-9a-f]{64})$/i.exec(sum)?.[1];
    return hash === undefined ? [] : [[path, hash.toLowerCase()] as const];
  });
  return Object.fromEntries(found);
}

/** An INI file whose values may hold "=". */
function sectionsOf(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  for (const line of text.split("\n").map((line) => line.trim())) {
    const separator = line.indexOf("=");
    if (line.startsWith("[") && line.endsWith("]")) {
      current = new Map();
      sections.set(line.slice(1, -1), current);
    } else if (separator > 0 && !/^[#;]/.test(line)) {
      current.set(line.slice(0, separator).trimEnd(), line.slice(separator + 1).trimStart());
    }
  }
  return sections;
}
