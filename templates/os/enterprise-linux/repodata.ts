/** A repository's metadata, as createrepo_c writes it: repomd.xml names the lists, the list "primary" every package with its hash. */

/** A file of a repository; the path is relative to it and stays inside. */
export interface Named {
  readonly path: string;
  readonly sha256: string;
}

/** Everything repomd.xml names; `primary` is one of `files`. Throws TypeError. */
export function readRepomd(xml: string): { readonly files: readonly Named[]; readonly primary: Named } {
  const lists = elements(xml, "data").map(({ attributes, inner }) => ({ type: attributes["type"], file: named(inner, "repomd.xml") }));
  const primary = lists.find(({ type }) => type === "primary")?.file;
  if (!/<repomd\b/.test(xml) || primary === undefined)
    throw new TypeError("this is no repomd.xml: it names no primary list; is a proxy or a login page in the way?");
  return { files: lists.map(({ file }) => file), primary };
}

/** Every package of the list. Throws TypeError, also when some of what it announces is not there. */
export function readPrimary(xml: string): readonly Named[] {
  const announced = opening(xml, "metadata", 0)?.attributes["packages"];
  const packages = elements(xml, "package").map(({ inner }) => named(inner, "the primary list"));
  if (announced === undefined || Number(announced) !== packages.length)
    throw new TypeError(`the primary list announces ${announced ?? "no"} packages and names ${packages.length}: it is damaged`);
  return packages;
}

function named(inner: string, where: string): Named {
  const [checksum] = elements(inner, "checksum");
  const location = opening(inner, "location", 0)?.attributes ?? {};
  const href = location["href"] ?? "";
  const sha256 = checksum?.attributes["type"] === "sha256" ? checksum.inner.trim().toLowerCase() : "";
  if (location["xml:base"] !== undefined) throw new TypeError(`${where}: ${href} lies in another place; name a tree that is whole`);
  if (!isPlain(href)) throw new TypeError(`${where}: ${JSON.stringify(href.slice(0, 100))} is no plain path of a package`);
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new TypeError(`${where}: ${href} has no SHA-256`);
  return { path: href, sha256 };
}

/** What packages are called: NAME-VERSION-RELEASE.ARCH.rpm, with + in names, ~ and ^ in versions. Never hidden, never upwards. */
const isPlain = (path: string): boolean =>
  path.length <= 300 && !/\.part$/.test(path) && path.split("/").every((part) => /^[A-Za-z0-9][A-Za-z0-9._+~^-]*$/.test(part));

interface Element {
  readonly attributes: Readonly<Record<string, string>>;
  readonly inner: string;
}

/** The elements of one name, none of which holds another of that name. Walks once, so that any text takes linear time. */
function elements(xml: string, name: string): readonly Element[] {
  const found: Element[] = [];
  const close = `</${name}>`;
  for (let open = opening(xml, name, 0); open; ) {
    const end = xml.indexOf(close, open.end);
    if (end < 0) throw new TypeError(`<${name}> does not end: the list is damaged`);
    found.push({ attributes: open.attributes, inner: xml.slice(open.end, end) });
    open = opening(xml, name, end + close.length);
  }
  return found;
}

/** What an opening tag has at most. */
const LONGEST = 4096;

/** The next opening tag with attributes; `end` is where it is over. */
function opening(xml: string, name: string, from: number) {
  const at = xml.indexOf(`<${name} `, from);
  if (at < 0) return undefined;
  const head = xml.slice(at, at + LONGEST);
  const length = head.indexOf(">");
  if (length < 0) throw new TypeError(`<${name} is cut off: the list is damaged`);
  const attributes = [...head.slice(0, length).matchAll(/\s([\w:]+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!] as const);
  return { attributes: Object.fromEntries(attributes) as Element["attributes"], end: at + length + 1 };
}
