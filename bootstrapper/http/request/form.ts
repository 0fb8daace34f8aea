/** A request's body as a form, read no further than allowed. */
import type { Limits } from "../limits.ts";
import { Refusal } from "../refusal.ts";

export interface Body extends AsyncIterable<unknown> {
  readonly headers: { readonly "content-type"?: string | undefined; readonly "content-length"?: string | undefined };
}

/** Throws Refusal: 415 for anything but application/x-www-form-urlencoded, 413 for more than `formBytes`. */
export async function readForm(body: Body, { formBytes, drainBytes }: Pick<Limits, "formBytes" | "drainBytes">): Promise<URLSearchParams> {
  const type = body.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") {
    throw new Refusal(415, {
      what: "the body was not read",
      because: `its type is ${type ? `"${type.slice(0, 64)}"` : "not given"}`,
      todo: "send a form (application/x-www-form-urlencoded), as `curl -d phase=ready` does",
    });
  }
  if (Number(body.headers["content-length"] ?? 0) > drainBytes) throw tooLong(formBytes);
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    const bytes = Buffer.from(part as Uint8Array);
    length += bytes.length;
    if (length > drainBytes) throw tooLong(formBytes); // leaving the loop cuts the connection
    if (length <= formBytes) parts.push(bytes);
  }
  if (length > formBytes) throw tooLong(formBytes);
  return new URLSearchParams(Buffer.concat(parts).toString("utf8"));
}

const tooLong = (formBytes: number): Refusal =>
  new Refusal(413, {
    what: "the body was not taken",
    because: `it is longer than ${formBytes} bytes`,
    todo: "send less; a reason needs a line, not a log",
  });
