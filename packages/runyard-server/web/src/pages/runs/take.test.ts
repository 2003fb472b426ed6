import { beforeAll, expect, test, vi } from "vitest";

beforeAll(() => {
  vi.stubGlobal("window", {
    location: new URL("http://x/"),
    addEventListener: () => {},
    history: {},
  });
  vi.stubGlobal("document", { addEventListener: () => {} });
  vi.stubGlobal("location", new URL("http://x/"));
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => {} });
  vi.stubGlobal("BroadcastChannel", class {});
  vi.stubGlobal("navigator", {});
});

test("no text of a table is a formula, and numbers stay numbers", async () => {
  const { line } = await import("./take");
  expect(line(["=1+1", "@x", "-cmd", "+a,b", -0.5, "-1e-3", null])).toBe(
    "'=1+1,'@x,'-cmd,\"'+a,b\",-0.5,-1e-3,\r\n",
  );
});
