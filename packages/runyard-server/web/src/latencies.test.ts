import { expect, test } from "vitest";
import { quantile, short, together } from "./latencies";

test("p50 and p99 are those that the SDK tells of the same counts", () => {
  const took = { bounds: [0.01, 0.1, 1], counts: [50, 49, 1, 0] };
  expect(quantile(took, 0.5)).toBeCloseTo(0.01);
  expect(quantile(took, 0.99)).toBeCloseTo(0.1);
  expect(quantile({ bounds: [1], counts: [0, 4] }, 0.5)).toBe(1);
  expect(quantile(null, 0.5)).toBeNaN();
  expect(quantile({ bounds: [1], counts: [0, 0] }, 0.5)).toBeNaN();
  expect(together([took, null, took])?.counts).toEqual([100, 98, 2, 0]);
  expect([short(0.0851), short(1.25), short(NaN)]).toEqual(["85.1 ms", "1.25 s", "–"]);
});
