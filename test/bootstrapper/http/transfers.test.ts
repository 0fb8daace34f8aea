/** Which of a machine's downloads the page shows, and how often it is told. */
import { beforeEach, expect, test } from "vitest";
import { Transfers } from "../../../bootstrapper/http/transfers.ts";
import type { Transfer } from "../../../bootstrapper/machines/machine.ts";
import { CP1, W1 } from "./small-world.ts";

let now: number;
let told: (string | undefined)[];
let transfers: Transfers;
beforeEach(() => {
  now = 0;
  told = [];
  const setTransfer = (_: unknown, transfer: Transfer | undefined): void => {
    told.push(transfer && `${transfer.file} ${transfer.sent}/${transfer.size}`);
  };
  transfers = new Transfers({ setTransfer }, () => now);
});

test("a download is told at its start, twice a second, at its end, and then cleared", () => {
  const download = transfers.begin(CP1, "image", 1000, 0);
  for (; now < 1000; now += 100) download.advance(90);
  download.advance(100);
  download.end();
  download.end();
  expect(told).toEqual(["image 0/1000", "image 540/1000", "image 1000/1000", undefined]);
});

test("a small file beside a large one is not shown", () => {
  const image = transfers.begin(CP1, "image", 1000, 0);
  transfers.begin(CP1, "small", 10, 0).end();
  image.end();
  expect(told).toEqual(["image 0/1000", undefined]);
});

test("a large file takes over from a small one, whose end then changes nothing", () => {
  const small = transfers.begin(CP1, "small", 10, 0);
  transfers.begin(CP1, "image", 1000, 0);
  small.advance(10);
  small.end();
  expect(told).toEqual(["small 0/10", "image 0/1000"]);
});

test("what runs on is shown when the larger one ended", () => {
  const image = transfers.begin(CP1, "image", 1000, 0);
  const small = transfers.begin(CP1, "small", 10, 0);
  image.end();
  small.advance(5);
  expect(told).toEqual(["image 0/1000", undefined, "small 5/10"]);
});

test("a download that stands still no longer hides another", () => {
  transfers.begin(CP1, "image", 1000, 0);
  now += 15_000;
  transfers.begin(CP1, "kernel", 10, 0);
  expect(told).toEqual(["image 0/1000", "kernel 0/10"]);
});

test("machines do not hide each other, and strangers are only counted", () => {
  const downloads = [transfers.begin(CP1, "a", 10, 0), transfers.begin(W1, "b", 1, 0), transfers.begin(undefined, "c", 99, 0)];
  expect(told).toEqual(["a 0/10", "b 0/1"]);
  expect(transfers.running).toBe(3);
  for (const download of downloads) download.end();
  expect(transfers.running).toBe(0);
});

test("a machine that boots anew fetches nothing, until it does", () => {
  const old = transfers.begin(CP1, "image", 1000, 0);
  transfers.forget(CP1);
  transfers.forget(CP1);
  transfers.begin(CP1, "kernel", 10, 0);
  old.end();
  expect(told).toEqual(["image 0/1000", undefined, "kernel 0/10"]);
});
