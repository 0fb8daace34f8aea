/** `bootstrapper check`: what would be served, and whether all of it is there and whole. */
import type { Ipv4 } from "../cluster/address.ts";
import { cidr } from "../cluster/address.ts";
import { type Bsroot, difference, loadBsroot } from "./bsroot.ts";
import { look } from "./inspection.ts";

/** Whether it could be served as it is. Throws BsrootError when it could not even be read. */
export async function check(folder: string, address: Ipv4 | undefined, now: number, print: (line: string) => void): Promise<boolean> {
  const bsroot = await loadBsroot(folder);
  const from = address ?? bsroot.cluster.network.bootstrapper;
  for (const line of summary(bsroot, from)) print(line);
  const problems = [...(await look(bsroot, from, now))].filter((problem) => !bsroot.warnings.includes(problem));
  for (const file of bsroot.files) {
    const problem = await difference(bsroot, file);
    if (problem && !problems.some((known) => known.startsWith(`${file.path}:`))) problems.push(problem);
  }
  for (const warning of bsroot.warnings) print(`warning: ${warning}`);
  for (const problem of problems) print(`wrong: ${problem}`);
  if (problems.length === 0) print("all files are what the manifest says");
  return problems.length === 0;
}

function summary({ cluster, files, folder }: Bsroot, from: Ipv4): readonly string[] {
  const { subnet, ranges, dhcp } = cluster.network;
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const dynamic = ranges.map(({ first, last }) => `${first}-${last}`).join(", ") || "none";
  return [
    `${folder}: cluster ${cluster.name}, ${files.length} files, ${Math.ceil(bytes / 1e6)} MB`,
    `serves ${cidr(subnet)} from ${from}; DHCP: ${dhcp}, addresses for others: ${dynamic}`,
    ...cluster.machines.map(
      ({ mac, name, address = "dynamic", roles, os }) => `  ${mac}  ${name}  ${address}  ${roles.join(", ")}  ${os.target}`,
    ),
  ];
}
