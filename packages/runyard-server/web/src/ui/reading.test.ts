import { expect, test } from "vitest";
import type { EventRecord } from "../protocol";
import { reasons } from "../pages/run/reasons";
import { browser, change, entries, packages, rates, signature, traced } from "./reading";

test("the packages of a lock are told by name, without hashes", () => {
  const lock = [
    "# made by uv",
    "numpy==2.0.0 \\",
    "    --hash=sha256:ab",
    "torch==2.1 ; python_version > '3'",
    "own @ file:///x/own.whl",
    "--index-url x",
    "# conda https://c.example/x/linux-64/r-base-4.1-h1_0.tar.bz2#sha256:ab",
  ].join("\n");
  expect(packages(lock)).toEqual({
    numpy: "2.0.0",
    torch: "2.1",
    own: "file:///x/own.whl",
    "r-base-4.1-h1_0": "",
  });
});

test("a traceback's places below the run's folder are the user's", () => {
  const folder = ["", "h", "runs", "a_1", "work", "lib"].join("/");
  const text = `File "${folder}/m.py", line 4, in build\nFile "/usr/x.py", line 9`;
  expect(traced(text)).toEqual([{ path: "lib/m.py", line: "4" }]);
  // A recursion is one line, however often it is passed.
  expect(traced(text + text)).toHaveLength(1);
});

test("a number is held against a baseline", () => {
  expect(change(1.1, 1)).toBe("+0.1 (+10.0 %)");
  expect(change(0.5, 1)).toBe("-0.5 (-50.0 %)");
  expect(change(2, 2)).toBe("the same");
  expect(change(1, undefined)).toBe("–");
});

test("stages say why they took what they took", () => {
  const event = (kind: string, message: string, data = {}) =>
    ({ kind, message, data }) as unknown as EventRecord;
  const built = event("stage", "environment built", { environment: "built", why: "with numpy" });
  expect(reasons([built, event("stage", "placed on n1")], {})).toEqual({
    Preparing: "built: with numpy",
    Queued: "placed on n1",
  });
  expect(reasons([], { environment_lock: "abc" })).toEqual({ Preparing: "cached" });
});

test("what is no archive has no entries", () => {
  expect(entries(new Uint8Array(100))).toEqual([]);
  expect(entries(new Uint8Array(3))).toEqual([]);
});

test("rates at a threshold come from its counts", () => {
  // True positives, false positives, true negatives, false negatives.
  const { roc, pr } = rates([
    [8, 2, 18, 2],
    [0, 0, 20, 10],
  ]);
  expect(roc).toEqual([
    [0.1, 0.8],
    [0, 0],
  ]);
  expect(pr).toEqual([
    [0.8, 0.8],
    [0, 1],
  ]);
});

test("a browser is called by its own name", () => {
  const chrome =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36";
  expect(browser(chrome)).toBe("Chrome 156, X11");
  expect(browser("curl/8")).toBe("curl/8");
});

test("a signature is told by the names of what goes in and out", () => {
  const text = `flavors: {}
signature:
  inputs: '[{"type": "double", "name": "it''s", "required":
    true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: null
utc_time_created: x
`;
  expect(signature(text)).toEqual({
    "inputs it's": "type:double,required:true",
    "outputs 0": "type:tensor,tensor-spec:dtype:int64,shape:[-1]",
  });
  expect(signature("no model")).toEqual({});
});
