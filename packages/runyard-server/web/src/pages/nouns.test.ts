import { beforeAll, expect, test, vi } from "vitest";

// The pages ask for the browser they are in as they are loaded; their rules need none.
beforeAll(() => {
  vi.stubGlobal("window", {
    location: new URL("http://x/"),
    addEventListener: () => {},
    history: {},
  });
  vi.stubGlobal("document", { addEventListener: () => {} });
  vi.stubGlobal("location", new URL("http://x/"));
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => {} });
  vi.stubGlobal(
    "BroadcastChannel",
    class {
      postMessage() {}
    },
  );
  vi.stubGlobal("navigator", {});
});

test("a word is looked for in names, a condition is asked as it is", async () => {
  const { filterOf } = await import("./models");
  expect(filterOf(" mnist_ ")).toBe("name ILIKE '%mnist\\_%'");
  expect(filterOf("it's")).toBe("name ILIKE '%it''s%'");
  expect(filterOf("tags.stage = 'prod'")).toBe("tags.stage = 'prod'");
  expect(filterOf("")).toBe("");
});

test("a request has the form that the endpoint takes, and Python reads it", async () => {
  const { bodyOf, python } = await import("./endpoint/try");
  const { numbersIn } = await import("./endpoint/answer");
  const input = (name: string) => ({ name, datatype: "FP32", shape: [-1, 2] });
  expect(bodyOf([input("x")], { x: [1, 2] })).toEqual({ data: [[1, 2]] });
  expect(bodyOf([input("x"), input("y")], { x: [1], y: [2] })).toEqual({ x: [[1]], y: [[2]] });
  expect(python('{"a": [true, null], "true": "null"}')).toBe('{"a": [True, None], "true": "null"}');
  expect(numbersIn({ predictions: [[0.1, 0.9]] })).toEqual([0.1, 0.9]);
  expect(numbersIn([[1], [2]])).toBeNull();
});

test("areas fill their map, each as large as its part", async () => {
  const { boxes } = await import("../ui/treemap");
  const sizes = [50, 25, 10, 9, 5, 1];
  const placed = boxes(sizes, [0, 0, 26, 10]);
  placed.forEach(([left, top, width, height], place) => {
    expect(width * height).toBeCloseTo(2.6 * (sizes[place] ?? 0));
    expect(Math.min(left, top)).toBeGreaterThanOrEqual(-1e-9);
    expect(left + width).toBeLessThan(26.001);
    expect(top + height).toBeLessThan(10.001);
    expect(Math.max(width / height, height / width)).toBeLessThan(5);
  });
});

test("rows are ordered by numbers as numbers, and what has none comes last", async () => {
  const { ordered, text } = await import("../ui/columns");
  const rows = [{ a: "x10" }, { a: null }, { a: "x9" }];
  const by = (order: string) =>
    ordered(rows, [text<(typeof rows)[0]>("A", "1rem", (row) => row.a)], order).map((row) => row.a);
  expect(by("A")).toEqual(["x9", "x10", null]);
  expect(by("A desc")).toEqual(["x10", "x9", null]);
  expect(by("nothing")).toEqual(["x10", null, "x9"]);
});
