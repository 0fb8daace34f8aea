/** The words that fields of several blocks are made of. */
import { ipv4, subnet } from "../address.ts";
import { word } from "./fields.ts";
import * as values from "./values.ts";

export const NUMBER_OR_WORDS = { type: ["integer", "string"] };

export const address = word(ipv4, "10.0.0.1", { format: "ipv4" });
export const network = word(subnet, "10.0.0.0/24");
export const yesNo = word(values.yesNo, "true", { type: ["boolean", "string"], enum: [true, false, "yes", "no", "y", "n"] });
export const dnsLabel = (example: string) => word(values.dnsLabel, example, { pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$" });
export const duration = (least: string, most: string, example: string) =>
  word(values.durationBetween(least, most), example, NUMBER_OR_WORDS);
export const leaseTime = word(values.leaseTime, "12h", NUMBER_OR_WORDS);
