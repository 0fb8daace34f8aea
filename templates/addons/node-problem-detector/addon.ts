/** node-problem-detector: what the kernel of a node complains of can be seen with `kubectl describe node`. */
import type { AddOn } from "../../../cluster/extension.ts";
import { written } from "../written.ts";

export const nodeProblemDetector: AddOn = {
  name: "node-problem-detector",
  manifests: ({ settings }) =>
    written("node-problem-detector/node-problem-detector", {
      image: `registry.k8s.io/node-problem-detector/node-problem-detector:${settings["version"]}`,
      kernel: `${JSON.stringify(KERNEL, null, 2)}\n`,
    }),
};

const temporary = (reason: string, pattern: string) => ({ type: "temporary", reason, pattern });
const permanent = (condition: string, reason: string, pattern: string) => ({ type: "permanent", condition, reason, pattern });

/** Patterns are Go's regular expressions, held against each message from its beginning. */
const KERNEL = {
  plugin: "kmsg",
  logPath: "/dev/kmsg",
  lookback: "5m",
  bufferSize: 10,
  source: "kernel-monitor",
  conditions: [
    { type: "KernelDeadlock", reason: "KernelHasNoDeadlock", message: "kernel has no deadlock" },
    { type: "ReadonlyFilesystem", reason: "FilesystemIsNotReadOnly", message: "Filesystem is not read-only" },
  ],
  rules: [
    temporary("OOMKilling", "Killed process \\d+ (.+) total-vm:\\d+kB, anon-rss:\\d+kB, file-rss:\\d+kB.*"),
    temporary("TaskHung", "task [\\S ]+:\\w+ blocked for more than \\w+ seconds\\."),
    temporary("UnregisterNetDevice", "unregister_netdevice: waiting for \\w+ to become free. Usage count = \\d+"),
    temporary("KernelOops", "BUG: unable to handle (kernel NULL pointer dereference|page fault for address).*"),
    temporary("KernelOops", "divide error: 0000 \\[#\\d+\\] SMP"),
    temporary("Ext4Error", "EXT4-fs error .*"),
    temporary("IOError", "(blk_update_request: )?I/O error, dev \\S+, sector \\d+.*"),
    temporary("MemoryReadError", "CE memory read error .*"),
    permanent("KernelDeadlock", "ContainerdHung", "task containerd(-shim)?\\S*:\\w+ blocked for more than \\w+ seconds\\."),
    permanent("ReadonlyFilesystem", "FilesystemIsReadOnly", "(EXT4-fs \\(\\S+\\): )?[Rr]emounting filesystem read-only"),
  ],
};
