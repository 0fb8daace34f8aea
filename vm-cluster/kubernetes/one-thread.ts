/**
 * one-thread.ts FOLDER: the programs of the image there begin with GOMAXPROCS=1, as those of a node of the lab do (../image/node/overlay).
 * Go wakes a second thread for all that is to be done, and where every instruction is translated that costs as much as the work itself.
 */
import { OciImage } from "./oci-image.ts";

new OciImage(process.argv[2]!).addToEnvironment("GOMAXPROCS=1");
