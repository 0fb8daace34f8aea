/** Tells who was seen: every machine of the description, and no more strangers than the rest of the bootstrapper can hold. */
import type { Mac } from "../../cluster/address.ts";

/** `tooMany` is called once, when the first stranger is passed over. */
export function watchFor(
  listed: { has(mac: Mac): boolean },
  most: number,
  onSeen: (mac: Mac) => void,
  tooMany: () => void,
): (mac: Mac) => void {
  const strangers = new Set<Mac>();
  let told = false;
  return (mac) => {
    if (!listed.has(mac) && !strangers.has(mac)) {
      if (strangers.size >= most) {
        if (!told) tooMany();
        told = true;
        return;
      }
      strangers.add(mac);
    }
    onSeen(mac);
  };
}
