/** Kernel arguments that show the boot on the screen and on the first serial port; the serial one comes last and is /dev/console. */
import type { Architecture } from "../../cluster/cluster.ts";

const SERIAL: Readonly<Record<Architecture, string>> = { amd64: "console=ttyS0,115200n8", arm64: "console=ttyAMA0,115200n8" };

export const consoles = (architecture: Architecture): readonly string[] => ["console=tty0", SERIAL[architecture]];
