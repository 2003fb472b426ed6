import { expect, test } from "vitest";
import { fieldList, fieldParts, fieldText, quoted, typingAt, whole } from "./search";

const at = (text: string) => {
  const found = typingAt(text, text.length);
  return found && [found.kind, found.prefix, found.field, found.from];
};

test("what can be typed next follows from what stands before", () => {
  expect(at("")).toEqual(["field", "", "", 0]);
  expect(at("metrics.lo")).toEqual(["field", "metrics.lo", "", 0]);
  expect(at("metrics.`a b")).toEqual(["field", "metrics.`a b", "", 0]);
  expect(at("metrics.`a b` ")?.slice(0, 3)).toEqual(["operator", "", "metrics.`a b`"]);
  expect(at("status n")?.slice(0, 2)).toEqual(["operator", "n"]);
  expect(at("status = ")?.slice(0, 3)).toEqual(["value", "", "status"]);
  expect(at("status = 'Fa")).toEqual(["value", "Fa", "status", 9]);
  expect(at("status IN ('Failed', 'Co")?.slice(0, 3)).toEqual(["value", "Co", "status"]);
  expect(at("status = 'Failed' ")?.[0]).toBe("and");
  expect(at("metrics.x IS NULL ")?.[0]).toBe("and");
  expect(at("status = 'it''s' and par")).toEqual(["field", "par", "status", 21]);
  expect(at("( ")).toBeNull();
});

test("names and values are quoted where they must be, and read back", () => {
  for (const name of ["loss", "val/loss", "a b", "`x`", "größe,1"])
    expect(fieldParts(fieldText("metrics", name))).toEqual(["metrics", name]);
  expect(quoted("it's")).toBe("'it''s'");
  expect(fieldList("status, metrics.`a, b`,params.lr")).toEqual([
    "status",
    "metrics.`a, b`",
    "params.lr",
  ]);
});

test("a place in the whole filter is a place in what was typed", () => {
  const { filter, shift } = whole("nothing = 1", ["parent IS NULL", "experiment = 'e'"]);
  expect(filter.slice(shift)).toBe("nothing = 1");
  expect(whole(" ", ["parent IS NULL"])).toEqual({ filter: "parent IS NULL", shift: 0 });
});
