/** Who may import whom, and who may touch the world. ARCHITECTURE.md draws the same picture. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const TOPS: Record<string, readonly string[]> = {
  cluster: ["cluster"],
  templates: ["templates", "cluster"],
  "bsroot-builder": ["bsroot-builder", "templates", "cluster"],
  bootstrapper: ["bootstrapper", "templates", "cluster"],
  bench: ["bench", "bsroot-builder", "bootstrapper", "templates", "cluster", "vm-cluster", "test"],
};

/** The protocol servers never meet but in appliance.ts. */
const PROTOCOLS = ["dhcp", "tftp", "dns", "http"];

/** Node's doors to the outside, and the packages that open them. */
const WORLD = /^(node:(dgram|net|tls|http|https|fs|fs\/promises|child_process|process|os|dns)|undici|koa|send)$/;

/** Where those doors may be opened. Everything else is a function of its arguments. */
const MAY_TOUCH_THE_WORLD: readonly RegExp[] = [
  /(^|\/)(main|service|udp)\.ts$/,
  /^templates\/render\.ts$/, // reads the .eta files beside it
  /^bootstrapper\/(settings|appliance|bsroot|child|orphan|time|registry|printer|port-holder|neighbours|watch|cluster-command)\.ts$/,
  /^bootstrapper\/kubernetes\/(api|etcd-gateway|etcd-snapshots)\.ts$/,
  /^bootstrapper\/(store\/|wire\/addresses\.ts$)/,
  /^bootstrapper\/(tftp|http)\/(files|mtu|static-files|page|server)\.ts$/,
  /^bsroot-builder\/appliance\/(?!bill\.ts)/,
  /^bsroot-builder\/addons\/(chart-archive|finder|helm|read-fetched|secrets)\.ts$/, // fetched manifests, helm, and what lies in tls/
  /^bsroot-builder\/(commands|bundle|closed-world|download|images|write|pki)\//,
  /^bench\/(account|lab|processes|work|servers\/[\w-]+|suites\/(dhcp|tftp|dns)|(build|storm)\/.+)\.ts$/,
];

/** Clocks and dice are arguments below these folders. */
const PURE = /^(cluster|templates)\/|\/(answer|packet|options|values|transfer|negotiate|lifecycle|message|gather)\.ts$/;
const AMBIENT = /\bDate\.now\(|new Date\(\)|Math\.random\(|\bperformance\.now\(|\bprocess\.(env|argv|hrtime)\b|\brandomBytes\(/;

const sources = Object.keys(TOPS).flatMap((top) =>
  (readdirSync(top, { recursive: true, encoding: "utf8" }) as string[])
    .filter((file) => file.endsWith(".ts") && !file.startsWith(".cache/"))
    .map((file) => join(top, file)),
);
const importsOf = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/(?:^|\n)\s*(?:import|export)[^;]*?from "([^"]+)"|\bimport\("([^"]+)"\)/g)].map(
    (match) => (match[1] ?? match[2])!,
  );
const inside = (file: string, name: string): string => relative(".", join(dirname(file), name));

test("there is something to check", () => {
  expect(sources.length).toBeGreaterThan(20);
});

test.each(sources)("%s imports only what its place allows", (file) => {
  for (const name of importsOf(file).filter((name) => name.startsWith("."))) {
    expect(TOPS[file.split("/")[0]!], `${file} imports ${name}`).toContain(inside(file, name).split("/")[0]);
  }
});

test.each(PROTOCOLS)("%s reaches into no other protocol", (own) => {
  const reached = sources
    .filter((file) => file.startsWith(`bootstrapper/${own}/`))
    .flatMap((file) =>
      importsOf(file)
        .filter((name) => name.startsWith("."))
        .map((name) => inside(file, name)),
    )
    .filter((path) => PROTOCOLS.some((other) => other !== own && path.startsWith(`bootstrapper/${other}/`)));
  expect(reached).toEqual([]);
});

test.each(sources.filter((file) => !MAY_TOUCH_THE_WORLD.some((place) => place.test(file))))("%s stays away from the world", (file) => {
  expect(importsOf(file).filter((name) => WORLD.test(name))).toEqual([]);
});

test.each(sources.filter((file) => PURE.test(file)))("%s takes time and chance as arguments", (file) => {
  expect(readFileSync(file, "utf8")).not.toMatch(AMBIENT);
});
