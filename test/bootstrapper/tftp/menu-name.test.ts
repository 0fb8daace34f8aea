import { expect, test } from "vitest";
import { asker, menuName } from "../../../bootstrapper/tftp/menu-name.ts";
import { ipv4, mac } from "../../../cluster/address.ts";

const MAC = mac("52:54:00:00:00:11");
const OTHER = mac("52:54:00:00:00:12");
const UUID = "564d0a31-9c2f-11ee-8c90-0242ac120002";

// biome-ignore format: a table
test.each([
  { asked: `pxelinux.cfg/${UUID}`,                       loader: "pxelinux", as: "whoever" },
  { asked: "pxelinux.cfg/01-52-54-00-00-00-11",          loader: "pxelinux", as: { mac: MAC } },
  { asked: "/pxelinux.cfg/01-52-54-00-00-00-11",         loader: "pxelinux", as: { mac: MAC } },
  { asked: "boot/bios/pxelinux.cfg/52-54-00-00-00-11",   loader: "pxelinux", as: { mac: MAC } },
  { asked: "pxelinux.cfg/0A00000B",                      loader: "pxelinux", as: { digits: "0A00000B" } },
  { asked: "pxelinux.cfg/0A0",                           loader: "pxelinux", as: { digits: "0A0" } },
  { asked: "pxelinux.cfg/C",                             loader: "pxelinux", as: { digits: "C" } },
  { asked: "pxelinux.cfg/default",                       loader: "pxelinux", as: "whoever" },
  { asked: "pxelinux.cfg/default-arm-bcm283x-rpi",       loader: "pxelinux", as: "whoever" },
  { asked: "52-54-00-00-00-11/pxelinux.cfg/default",     loader: "pxelinux", as: "whoever" },
  { asked: "extlinux/extlinux.conf",                     loader: "pxelinux", as: "whoever" },
  { asked: "grub.cfg",                                   loader: "grub", as: "whoever" },
  { asked: "/grub/grub.cfg",                             loader: "grub", as: "whoever" },
  { asked: "EFI/debian/grub.cfg",                        loader: "grub", as: "whoever" },
  { asked: "/EFI/BOOT/grub.cfg-01-52-54-00-00-00-11",    loader: "grub", as: { mac: MAC } },
  { asked: "grub/grub.cfg-52:54:00:00:00:11",            loader: "grub", as: { mac: MAC } },
  { asked: "grub.cfg-01-52-54-00-00-00-11",              loader: "grub", as: { mac: MAC } },
  { asked: `grub/grub.cfg-${UUID}`,                      loader: "grub", as: "whoever" },
  { asked: "grub/grub.cfg-0A00000B",                     loader: "grub", as: { digits: "0A00000B" } },
  { asked: "52-54-00-00-00-11/grub.cfg",                 loader: "grub", as: { mac: MAC } },
])("$asked is asked by $loader as $as", ({ asked, loader, as }) => {
  expect(menuName(asked)).toEqual({ loader, as });
});

test.each([
  "undionly.kpxe",
  "pxelinux.cfg",
  "pxelinux.cfg/",
  "pxelinux.cfg/menu.msg",
  "pxelinux.cfg/../01-52-54-00-00-00-11",
  "pxelinux.cfg/01-52-54-00-00-00",
  "pxelinux.cfg/sub/default",
  "grub.cfg.bak",
  "mygrub.cfg",
  "grub.cfg-backup",
  "grub/x86_64-efi/command.lst",
  "a".repeat(300),
])("%s is an ordinary file's name", (asked) => {
  expect(menuName(asked)).toBeUndefined();
});

const HERE = ipv4("10.0.0.11");
// biome-ignore format: a table
test.each([
  { when: "its own MAC is in the name",          as: { mac: MAC },           holder: MAC,       is: { mac: MAC } },
  { when: "another's MAC is in the name",        as: { mac: OTHER },         holder: MAC,       is: { stranger: expect.stringContaining(`${OTHER} does not hold`) } },
  { when: "a MAC is in the name and nobody is known", as: { mac: MAC },      holder: undefined, is: { stranger: expect.stringContaining("nobody is known at 10.0.0.11") } },
  { when: "no name is given",                    as: "whoever" as const,     holder: MAC,       is: { mac: MAC } },
  { when: "no name is given and nobody is known", as: "whoever" as const,    holder: undefined, is: { stranger: expect.stringContaining("nobody is known") } },
  { when: "its own address is the name",         as: { digits: "0A00000B" }, holder: MAC,       is: { mac: MAC } },
  { when: "its own network is the name",         as: { digits: "0A0000" },   holder: MAC,       is: { mac: MAC } },
  { when: "another's address is the name",       as: { digits: "0A00000C" }, holder: MAC,       is: "elsewhere" },
  { when: "the digits are an address's without its leading zero", as: { digits: "A00000B" }, holder: MAC, is: "elsewhere" },
])("when $when it is $is", ({ as, holder, is }) => {
  expect(asker(as, HERE, holder)).toEqual(is);
});
