/** The same answer in each order that its addresses can take turns in, so that clients that take the first are spread. RFC 1794. */
import { isAddress } from "./record.ts";
import type { Reply } from "./reply.ts";

/** Orders made of one answer. */
const MOST = 16;

export function turns(reply: Reply): readonly Reply[] {
  const first = reply.answers.findIndex(({ type }) => isAddress(type));
  const addresses = first < 0 ? [] : reply.answers.slice(first);
  if (addresses.length < 2 || !addresses.every(({ type }) => isAddress(type))) return [reply];
  const before = reply.answers.slice(0, first); // the CNAMEs that lead there
  return addresses
    .slice(0, MOST)
    .map((_, turn) => ({ ...reply, answers: [...before, ...addresses.slice(turn), ...addresses.slice(0, turn)] }));
}
