/** What a description says of registries that want a password. */
import { describe, expect, test } from "vitest";
import { chosenAddOns } from "../../../cluster/kubernetes/addons.ts";
import { formatProblem, parse } from "../../../cluster/parse.ts";
import { clusterPki } from "../../support/cluster-pki.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0QxFeASztlHYA1mfAQvXJJTGHcbCO0tTLnWw49wGfy admin@laptop";

const description = (kubernetes: string): string => `cluster: demo
domain: demo.lan
network: { subnet: 10.77.0.0/24, bootstrapper: 10.77.0.1, range: 10.77.0.100-10.77.0.199 }
sshKeys: ["${KEY}"]
kubernetes: { ${kubernetes} }
machines: [{ mac: "52:54:00:00:00:11", name: cp-1, roles: [control-plane] }]
`;
const read = (list: string, more = "") => parse(description(`version: 1.36.2, imagePullSecrets: ${list}${more}`), "c.yml");

function said(list: string, more = ""): readonly string[] {
  const parsed = read(list, more);
  return parsed.ok ? [] : parsed.problems.map((one) => formatProblem(one).replace(/^c\.yml:\d+:\d+: kubernetes\./, ""));
}
const one = (fields: string): string => `[{ name: company, registry: "registry.corp.lan:5000"${fields} }]`;

test("a registry is for the namespace default unless it says more, and the add-on of all comes first", () => {
  const parsed = read(
    `[{ name: company, registry: "registry.corp.lan:5000" }, { name: hub, registry: docker.io, namespaces: [shop, web] }]`,
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  expect(parsed.cluster.kubernetes.imagePullSecrets).toEqual([
    { name: "company", registry: "registry.corp.lan:5000", namespaces: ["default"] },
    { name: "hub", registry: "docker.io", namespaces: ["shop", "web"] },
  ]);
  expect(chosenAddOns(parsed.cluster.kubernetes).map(({ name }) => name)).toEqual(["image-pull-secrets", "flannel", "coredns"]);
  expect(chosenAddOns({ ...parsed.cluster.kubernetes, imagePullSecrets: [] }).map(({ name }) => name)).toEqual(["flannel", "coredns"]);
});

describe("the certificates of whom a registry's is from", () => {
  const { ca, admin } = clusterPki();
  const withCa = (text: string): string => one(`, ca: ${JSON.stringify(text)}`);

  test("are taken in PEM, without what openssl or an editor wrote around them", () => {
    const indented = admin.cert.replace(/^(?=.)/gm, "  ");
    const parsed = read(withCa(`subject=CN = company\r\n${ca.cert.replaceAll("\n", "\r\n")}\n# and another\n${indented}`));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    expect(parsed.cluster.kubernetes.imagePullSecrets[0]?.ca).toBe(ca.cert + admin.cert);
  });

  test.each([
    {
      what: "a file's name",
      ca: "/etc/ssl/corp.pem",
      says: /ca: "\/etc\/ssl\/corp\.pem" begins no certificate in PEM; write \| and below it the lines/,
    },
    { what: "half a certificate", ca: ca.cert.slice(0, 200), says: /begins no certificate in PEM/ },
    { what: "a certificate with a letter lost", ca: ca.cert.replace("MII", "MI"), says: /begins no certificate in PEM/ },
    { what: "one good and one broken", ca: ca.cert + ca.cert.replace("MII", "MI"), says: /begins no certificate in PEM/ },
    { what: "nothing", ca: "", says: /ca: "" begins no certificate in PEM/ },
  ])("$what is refused", ({ ca, says }) => {
    expect(said(withCa(ca))).toEqual([expect.stringMatching(says)]);
  });

  test("a private key is refused, and not shown", () => {
    const [problem = ""] = said(withCa(ca.cert + ca.key));
    expect(problem).toMatch(/begins a text with a private key, which is nobody else's; write the certificate alone$/);
    expect(problem).not.toContain(ca.key.split("\n")[1]);
  });
});

test.each(["registry.corp.lan", "10.0.0.9:5000", "quay.io", "ghcr.io", "registry:5000", "a.b:1"])("%s is a registry", (registry) => {
  expect(said(`[{ name: company, registry: "${registry}" }]`)).toEqual([]);
});

describe("a registry that no image could name:", () => {
  const plain = "its host, and its port if it has one, as in registry.corp.lan:5000";
  test.each([
    { write: "https://registry.corp.lan/v2/", instead: "registry.corp.lan" },
    { write: "registry.corp.lan/shop", instead: "registry.corp.lan" },
    { write: "Registry.Corp.lan", instead: "registry.corp.lan" },
    { write: "registry", instead: plain },
    { write: "registry.corp.lan:0", instead: plain },
    { write: "registry.corp.lan:65536", instead: plain },
    { write: "registry.corp.lan:5000:5000", instead: plain },
    { write: "me:secret@registry.corp.lan", instead: plain },
    { write: "300.0.0.1:5000", instead: plain },
    { write: "../../tls/ca-key.pem", instead: plain },
    { write: "registry.corp.lan:5000\\n- evil", instead: plain },
    { write: "", instead: plain },
  ])("$write", ({ write, instead }) => {
    const problems = said(`[{ name: company, registry: "${write}" }]`);
    expect(problems).toEqual([expect.stringContaining("imagePullSecrets[0].registry: ")]);
    expect(problems[0]).toMatch(/is not a registry as images name it; write /);
    expect(problems[0]).toContain(`; write ${instead}`);
  });

  test.each(["index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io"])("%s is docker.io in images", (write) => {
    expect(said(`[{ name: hub, registry: "${write}" }]`)).toEqual([
      expect.stringMatching(/is not how images name Docker Hub; write docker\.io$/),
    ]);
  });
});

test.each([
  {
    what: "a name with capitals",
    list: `[{ name: Company, registry: quay.io }]`,
    says: /^imagePullSecrets\[0\]\.name: "Company" is not .*write company$/,
  },
  {
    what: "a name that leads elsewhere",
    list: `[{ name: "../../x", registry: quay.io }]`,
    says: /^imagePullSecrets\[0\]\.name: "\.\.\/\.\.\/x" is not/,
  },
  { what: "no name", list: `[{ registry: quay.io }]`, says: /^imagePullSecrets\[0\]\.name: is missing/ },
  {
    what: "no registry",
    list: `[{ name: company }]`,
    says: /^imagePullSecrets\[0\]\.registry: is missing; write it, as in registry\.corp\.lan:5000$/,
  },
  { what: "a namespace that is none", list: one(", namespaces: [Shop]"), says: /^imagePullSecrets\[0\]\.namespaces\[0\]: "Shop" is not/ },
  {
    what: "no namespaces",
    list: one(", namespaces: []"),
    says: /^imagePullSecrets\[0\]\.namespaces: is empty; write a list, as in \[default, shop\], or leave it out/,
  },
  { what: "a password", list: one(", password: hunter2"), says: /^imagePullSecrets\[0\]\.password: is not a field here/ },
  {
    what: "a namespace twice",
    list: one(", namespaces: [shop, shop]"),
    says: /^imagePullSecrets\[0\]\.namespaces\[1\]: registry\.corp\.lan:5000 in shop is already what pods have by kubernetes\.imagePullSecrets\[0\]\.namespaces\[0\]; leave this one out$/,
  },
  {
    what: "a name twice",
    list: `[{ name: company, registry: quay.io }, { name: company, registry: ghcr.io, namespaces: [shop] }]`,
    says: /^imagePullSecrets\[1\]\.name: "company" is also kubernetes\.imagePullSecrets\[0\]\.name; write a name of its own for each$/,
  },
  {
    what: "a registry twice for one namespace",
    list: `[{ name: one, registry: quay.io, namespaces: [shop] }, { name: two, registry: quay.io, namespaces: [web, shop] }]`,
    says: /^imagePullSecrets\[1\]\.namespaces\[1\]: quay\.io in shop is already what pods have by kubernetes\.imagePullSecrets\[0\]\.namespaces\[0\]; leave this one out$/,
  },
  { what: "no list", list: "company", says: /^imagePullSecrets: must be a list; write a list, each with name: and registry:$/ },
])("$what is refused", ({ list, says }) => {
  expect(said(list)).toEqual([expect.stringMatching(says)]);
});

test("a chart cannot have the folder of it", () => {
  expect(said(one(""), `, charts: [{ name: image-pull-secrets, url: "https://c.example/c.tgz" }]`)).toEqual([
    'charts[0].name: "image-pull-secrets" is what imagePullSecrets become; write another name for the chart',
  ]);
});

test("other spellings lead to the list", () => {
  const problems = (kubernetes: string) => {
    const parsed = parse(description(kubernetes), "c.yml");
    return parsed.ok ? [] : parsed.problems.map(({ message }) => message);
  };
  expect(problems("version: 1.36.2, image_pull_secrets: []")).toEqual(["is not a field here; write imagePullSecrets"]);
  for (const name of ["image-pull-secrets", "pull-secrets"])
    expect(problems(`version: 1.36.2, addons: { ${name}: {} }`)).toEqual([
      '"image-pull-secrets" has no settings but a list; write it at kubernetes.imagePullSecrets',
    ]);
  expect(problems(`imagePullSecrets: ${one("")}`)).toEqual(["stands there without a version of Kubernetes; write kubernetes.version: too"]);
});
