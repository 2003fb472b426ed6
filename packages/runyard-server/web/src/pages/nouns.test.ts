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

test("what differs between versions is told by name, with how much numbers changed", async () => {
  const { packagesOf, rowsOf } = await import("./model_diff");
  expect(
    packagesOf("numpy==2.0.0 \\\n    --hash=sha256:1\nx[a]==1 ; python_version>'3'\n# y==2"),
  ).toEqual({
    numpy: "2.0.0",
    x: "1",
  });
  expect(rowsOf({ loss: 2, only: 1 }, { loss: 1.5 }, String)).toEqual([
    ["loss", "2", "1.5", "-0.5"],
    ["only", "1", undefined],
  ]);
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
