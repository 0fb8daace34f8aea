/** Reads a URL in a process of its own, whose environment says whom to trust, and prints what the operator would read. Argument: the URL. */
import { messageOf } from "../../bsroot-builder/download/error.ts";
import { opener } from "../../bsroot-builder/download/source.ts";
import { Web } from "../../bsroot-builder/download/web.ts";

const web = new Web(process.env);
try {
  const source = await opener(web)({ url: process.argv[2] ?? "", offset: 0 });
  source.close();
  process.stdout.write("read");
} catch (error) {
  process.stdout.write(messageOf(error));
}
web.close();
