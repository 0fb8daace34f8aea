import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mac } from "../../cluster/address.ts";
import { bootScripts, nodePlan, osTarget } from "../../templates/registry.ts";
import { render } from "../../templates/render.ts";
import { ipxeSentence, ipxeWord, jsonText, lineWord, shellWord } from "../../templates/spelling.ts";
import { SHELLS } from "./boot/shells.ts";
import { resolved } from "./resolved.ts";
import { context, FLATCAR, facts, RAW_IMAGE, server } from "./sample.ts";

const templates = (readdirSync("templates", { recursive: true, encoding: "utf8" }) as string[]).filter((file) => file.endsWith(".eta"));

/** Texts that every injection begins with, and any others. */
const hostile = fc.oneof(
  fc.string({ unit: "grapheme", size: "max", maxLength: 200 }),
  fc.constantFrom(
    "'; reboot; '",
    "$(reboot)",
    "`reboot`",
    "a\nreboot\n",
    "$".concat("{net0/mac}"),
    "<%= it.ca %>",
    "\\",
    "'",
    '"',
    "\r\nchain http://evil",
    "|| reboot",
    "%n$h",
    "\0",
    "\u2028",
  ),
);

describe("render", () => {
  test("names file and line of a value that is missing", () => {
    expect(() => render("boot/nothing.ipxe.eta", {})).toThrow(/boot\/nothing\.ipxe\.eta:\d+[\s\S]*this value is missing/);
  });

  test("names file and line of a value that cannot be spelled", () => {
    expect(() => render("boot/nothing.ipxe.eta", { because: "a b" })).toThrow(/nothing\.ipxe\.eta:\d+[\s\S]*no blanks/);
  });

  test("does not write a language it cannot spell", () => {
    expect(() => render("boot/page.html.eta", {})).toThrow(/"html" is not a language/);
  });

  test("does not leave its folder", () => {
    expect(() => render("../../package.json.eta", {})).toThrow();
  });

  test("does not follow instructions inside a value", () => {
    expect(render("roles/base/hosts.toml.eta", { registry: "<%= it.secret %>", ca: "" })).toContain("<%= it.secret %>");
  });
});

describe("every template", () => {
  test.each(templates)("%s opens with what it is", (file) => {
    expect(readFileSync(join("templates", file), "utf8")).toMatch(/^<% \/\*/);
  });

  test.each(templates.filter((file) => file.endsWith(".sh.eta")))("%s takes values only as whole assignments", (file) => {
    const tagged = readFileSync(join("templates", file), "utf8")
      .replace(/^<% \/\*[\s\S]*?\*\/ -%>\n/, "")
      .split("\n")
      .filter((line) => line.includes("<%"));
    const course = /^<% (for \(const \w+ of it\.\w+\) \{|if \([\w.]+( === undefined)?\) \{|\} else \{|\}) -%>$/;
    for (const line of tagged.filter((line) => !course.test(line)))
      expect(line).toMatch(/^([A-Z_0-9]+=<%= \w+\.[\w.]+ %>|<% output\(include\("[\w./-]+"\)\) -%>)$/);
  });

  test.each(templates)("%s has no way around the spelling", (file) => {
    expect(readFileSync(join("templates", file), "utf8")).not.toMatch(/<%[-_]?\s*~|output\((?!include\()|__eta/);
  });
});

describe("a shell word", () => {
  test.each(Object.entries(SHELLS))("is read back by %s as it was, whatever it holds", (_, [command, ...args]) => {
    const folder = mkdtempSync(join(tmpdir(), "sextant-words-"));
    const word = hostile.filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (words) => {
        writeFileSync(join(folder, "words.sh"), words.map((text) => `V=${shellWord(text)}\nprintf '%s\\0' "$V"\n`).join(""));
        const read = execFileSync(command, [...args, join(folder, "words.sh")], { encoding: "utf8" });
        expect(read).toBe(words.map((text) => `${text}\0`).join(""));
      }),
      { numRuns: 15 },
    );
    rmSync(folder, { recursive: true });
  });

  test("holds no NUL byte", () => {
    expect(() => shellWord("a\0b")).toThrow(/NUL/);
  });
});

describe("an iPXE word", () => {
  test("is refused, or is one word without meaning to iPXE", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        try {
          expect(ipxeWord(text)).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        expect(text).toMatch(/^[!-~]+$/);
        expect(text).not.toMatch(/\$\{|^#|^(\|\||&&)$|\\$/);
      }),
    );
  });

  test("of a sentence is always accepted", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(ipxeWord(ipxeSentence(text))).not.toMatch(/[\r\n]|\$\{|&&|\|\|/);
      }),
    );
  });
});

test("a JSON text is read back as it was, or refused", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      if (text.includes("\x7f")) expect(() => jsonText(text)).toThrow();
      else expect(JSON.parse(jsonText(text))).toBe(text);
    }),
  );
});

test("a systemd word has nothing systemd could expand", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      try {
        lineWord(text);
      } catch {
        return;
      }
      expect(text).toMatch(/^[A-Za-z0-9._:/@+-]+$/);
    }),
  );
});

describe("whatever a description or a disk says", () => {
  const given = fc.record({
    name: hostile,
    serial: hostile,
    device: hostile,
    ours: fc.array(hostile),
    ca: hostile,
    key: hostile,
    label: hostile,
    url: fc.webUrl({ withQueryParameters: true, withFragments: true }),
  });

  test("install.sh keeps its shape: all of it beside the assignments is as written, and each value is one line's worth", () => {
    const body = (script: string): string => script.slice(script.indexOf("say() {"));
    const expected = body(osTarget(RAW_IMAGE).installScript(context(), facts()));
    fc.assert(
      fc.property(given, ({ name, serial, device, ours, ca, url }) => {
        const os = { ...RAW_IMAGE, image: { url } };
        const given = { ...context({ os, name, disk: { serial, device, pick: "first", wipe: "blank" } }), server: { ...server, ca } };
        const render = (): string => osTarget(os).installScript(given, facts({ ours }));
        if ([name, serial, device, ca].some((text) => text.includes("\0"))) return void expect(render).toThrow(/NUL/);
        const script = render();
        expect(body(script)).toBe(expected);
        expect(execFileSync("dash", ["-n"], { input: script, encoding: "utf8" })).toBe("");
      }),
      { numRuns: 40 },
    );
  });

  test("a boot script keeps its commands", () => {
    const commands = (script: string): readonly string[] => script.split("\n").map((line) => line.split(" ")[0]!);
    const address = mac("52:54:00:00:00:11");
    fc.assert(
      fc.property(hostile, (text) => {
        expect(commands(bootScripts.local(text))).toEqual(commands(bootScripts.local("cp-1")));
        expect(commands(bootScripts.nothing(text))).toEqual(commands(bootScripts.nothing("it is retired")));
        expect(commands(bootScripts.discover(address, text))).toEqual(commands(bootScripts.discover(address)));
        expect(commands(bootScripts.install(context({ name: text })))).toEqual(commands(bootScripts.install(context())));
      }),
    );
  });

  test("a configuration has a key, a label and a name as one, or refuses them", () => {
    fc.assert(
      fc.property(given, ({ name, key, label }) => {
        for (const os of [RAW_IMAGE, FLATCAR]) {
          const make = () =>
            JSON.parse(osTarget(os).config(resolved(nodePlan(context({ os, name, labels: { rack: label } }, { sshKeys: [key] })))).body);
          if ([name, key, label].some((text) => /[\r\n\0]/.test(text))) return void expect(make).toThrow(/line break/);
          const { passwd, storage } = make();
          expect(passwd.users[0].sshAuthorizedKeys).toEqual([key]);
          const labels = storage.files.find(({ path }: { path: string }) => path === "/etc/sextant/labels").contents.source;
          expect(Buffer.from(labels.split("base64,")[1], "base64").toString()).toBe(`rack=${label}\n`);
        }
      }),
      { numRuns: 50 },
    );
  });
});
