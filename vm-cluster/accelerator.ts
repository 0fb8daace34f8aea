/** Whether this host really runs virtual machines by itself, or every instruction must be translated. */
import { spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Image } from "./image.ts";
import type { Accelerator } from "./qemu.ts";

const NOTE = ".cache/vm-cluster/kvm";
const PATIENCE = 20_000;

/** That /dev/kvm opens proves nothing: under some hypervisors it does, and Debian's kernel hangs on it. So one is booted, once per boot of this host. */
export async function accelerator(image: Image): Promise<Accelerator> {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return "tcg";
  }
  const question = `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${image.folder}`;
  const noted = readNote();
  if (noted?.question === question) return noted.answer;
  const answer = (await boots(image)) ? "kvm" : "tcg";
  mkdirSync(".cache/vm-cluster", { recursive: true });
  writeFileSync(NOTE, JSON.stringify({ question, answer }));
  return answer;
}

function boots({ kernel, initrd }: Image): Promise<boolean> {
  const machine = ["-nodefaults", "-display", "none", "-accel", "kvm", "-cpu", "host", "-m", "512", "-serial", "stdio"];
  const system = ["-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 panic=-1", "-no-reboot"];
  return new Promise((resolve) => {
    const probe = spawn("qemu-system-x86_64", [...machine, ...system], { stdio: ["ignore", "pipe", "ignore"] });
    let heard = "";
    const answer = (good: boolean) => {
      clearTimeout(timer);
      probe.kill("SIGKILL");
      resolve(good);
    };
    const timer = setTimeout(() => answer(false), PATIENCE);
    probe.stdout.setEncoding("latin1").on("data", (text: string) => {
      heard = (heard + text).slice(-1000);
      if (heard.includes("sextant live:")) answer(true);
    });
    probe.on("error", () => answer(false));
    probe.on("close", () => answer(false));
  });
}

function readNote(): { readonly question: string; readonly answer: Accelerator } | undefined {
  try {
    return JSON.parse(readFileSync(NOTE, "utf8"));
  } catch {
    return undefined; // none yet, or cut short: the probe is cheap
  }
}
