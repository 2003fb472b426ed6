import { expect, test } from "vitest";
import { line } from "./save";

test("no text of a table is a formula, and numbers stay numbers", () => {
  expect(line(["=1+1", "@x", "-cmd", "+a,b", -0.5, "-1e-3", null])).toBe(
    "'=1+1,'@x,'-cmd,\"'+a,b\",-0.5,-1e-3,\r\n",
  );
});
