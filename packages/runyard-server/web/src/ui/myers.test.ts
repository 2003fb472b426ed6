import { expect, test } from "vitest";
import { hunks, steps } from "./myers";

function told(left: string, right: string): string {
  const [a, b] = [left.split(""), right.split("")];
  return steps(a, b)
    .map((step) =>
      step.right === null
        ? `-${a[step.left ?? 0]}`
        : step.left === null
          ? `+${b[step.right]}`
          : a[step.left],
    )
    .join("");
}

test("the fewest lines change", () => {
  expect(told("abc", "abc")).toBe("abc");
  expect(told("abc", "abxc")).toBe("ab+xc");
  expect(told("abcd", "ad")).toBe("a-b-cd");
  expect(told("", "ab")).toBe("+a+b");
  expect(told("ab", "")).toBe("-a-b");
  const changes = told("abcabba", "cbabac").replace(/[^+-]/g, "").length;
  expect(changes).toBe(5);
});

test("both texts come back from their difference", () => {
  for (let seed = 1; seed < 200; seed++) {
    let state = seed;
    const next = (most: number) => (state = (state * 48271) % 2147483647) % most;
    const make = () => Array.from({ length: next(12) }, () => "abc"[next(3)] ?? "");
    const [a, b] = [make(), make()];
    const all = steps(a, b);
    expect(all.flatMap((one) => (one.left === null ? [] : [a[one.left]]))).toEqual(a);
    expect(all.flatMap((one) => (one.right === null ? [] : [b[one.right]]))).toEqual(b);
    for (const one of all)
      if (one.left !== null && one.right !== null) expect(a[one.left]).toBe(b[one.right]);
  }
});

test("texts with nothing in common take no time", () => {
  const make = (name: string) => Array.from({ length: 20_000 }, (_, place) => `${name}${place}`);
  expect(steps(make("a"), make("b"))).toHaveLength(40_000);
});

test("what is the same far from a change is folded", () => {
  const left = Array.from({ length: 20 }, (_, place) => String(place));
  const right = left.map((line) => (line === "10" ? "ten" : line));
  expect(hunks(steps(left, right)).map((one) => [one.folded, one.steps.length])).toEqual([
    [true, 7],
    [false, 8],
    [true, 6],
  ]);
});
