/** What a router advertisement saves iPXE: from power-on to its script, with and without, on virtual machines. Needs what `make test` installs. */
import { FirmwareLab, type Role } from "../test/e2e/firmware-lab.ts";
import { median } from "./statistics.ts";

const ROUNDS = 3;
const SCRIPT = /^http boot script install/;
const FIRMWARE = ["bios", "uefi"] as const;
/** A machine for each round: what the journal says of an earlier boot cannot be taken for this one's. */
const ROLES: readonly Role[] = FIRMWARE.flatMap((firmware) =>
  Array.from({ length: ROUNDS }, (_, round) => ({ name: `${firmware}-${round}`, hardware: { firmware } })),
);

/** Seconds of each boot, one after the other, by the machine's name. */
async function measure(routerAdvertisements: boolean): Promise<ReadonlyMap<string, number>> {
  const lab = await FirmwareLab.open({ id: "advertisements", roles: ROLES, network: { routerAdvertisements } });
  try {
    await lab.serve();
    const took = new Map<string, number>();
    for (const { name } of ROLES) took.set(name, (await lab.boot(name, { journal: SCRIPT })).took / 1000);
    return took;
  } finally {
    await lab.close();
  }
}

const sent = await measure(true);
const missing = await measure(false);
for (const firmware of FIRMWARE) {
  const [quick, slow] = [sent, missing].map((took) => median([...took].flatMap(([name, s]) => (name.startsWith(firmware) ? [s] : [])))) as [
    number,
    number,
  ];
  const saved = (slow - quick).toFixed(1);
  process.stdout.write(`${firmware}: ${quick.toFixed(1)} s with router advertisements, ${slow.toFixed(1)} s without: ${saved} s saved\n`);
}
