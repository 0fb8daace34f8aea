/** pki: what certificates there are, and what an operator does about them. */
import type { Command } from "commander";
import { type Entry, inventory } from "../pki/inventory.ts";
import { ownDescription } from "./own-description.ts";
import { type Renewed, renew } from "./pki-renew.ts";
import { planRotation, rotate } from "./pki-rotate.ts";
import type { Terminal } from "./terminal.ts";

export function addPki(all: Command, { out }: Terminal): void {
  const pki = all.command("pki").description("show certificates and their dates, renew them, exchange a CA");
  const command = (name: string): Command =>
    pki.command(name, { isDefault: name === "show" }).option("--bsroot <folder>", "the bsroot they lie in", "bsroot");
  command("show")
    .description("list every certificate: what it is for, when it expires, and who renews it")
    .option("--json", "as JSON on standard output", false)
    .action(async ({ bsroot, json }: { bsroot: string; json: boolean }) => {
      const entries = await inventory(bsroot, await ownDescription(bsroot), new Date());
      out(json ? `${JSON.stringify(entries, null, 2)}\n` : table(entries));
    });
  command("renew")
    .description("issue certificates again now, for the keys they have")
    .argument("[names...]", "as show names them")
    .option("--all", "all but the CAs", false)
    .option("--new-keys", "make new keys too", false)
    .action(async (names: readonly string[], { bsroot, ...options }: { bsroot: string; all: boolean; newKeys: boolean }) =>
      out(inWords(bsroot, await renew(bsroot, { names, ...options }, new Date()))),
    );
  command("rotate")
    .description("give a CA a successor; says what will be done, and does it with --yes")
    .argument("<name>", "as show names it")
    .option("--yes", "do it", false)
    .action(async (name: string, { bsroot, yes }: { bsroot: string; yes: boolean }) => {
      out((await planRotation(bsroot, name, new Date())).map((line) => `${line}\n`).join(""));
      if (!yes) return out(`Nothing is changed yet: bsroot-builder pki rotate ${name} --yes\n`);
      await rotate(bsroot, name, new Date());
      out(`${bsroot}: done. ${CARRY}\n`);
    });
}

const CARRY = "Carry the bsroot to the server, and run its start script again.";

const HEADS = ["name", "for", "key", "expires", "days left", "renewed by"];

function table(entries: readonly Entry[]): string {
  const rows = entries.map(({ name, use, key = "", expires, daysLeft, renewedBy }) => [
    name,
    use,
    key,
    expires ?? (renewedBy.startsWith("nobody") ? "never" : "not there yet"),
    daysLeft === undefined ? "" : String(daysLeft),
    renewedBy,
  ]);
  const all = [HEADS, ...rows];
  const widths = HEADS.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd();
  return all.map((row) => `${line(row)}\n`).join("");
}

function inWords(bsroot: string, renewed: readonly Renewed[]): string {
  const waiting = renewed.filter(({ onNodes }) => onNodes).map(({ name }) => name);
  const nodes = waiting.length === 0 ? "" : ` A node takes its new certificate when it is installed again: ${waiting.join(", ")}.`;
  return `${renewed.map(({ name, expires }) => `${name}: until ${expires}\n`).join("")}${bsroot}: ${renewed.length} renewed. ${CARRY}${nodes}\n`;
}
