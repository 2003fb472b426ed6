import { expect, test } from "vitest";
import { coloured } from "./python";

const SOURCE = `@cached.it
def load(path="a#b", n=1.5e3):  # a comment
    """Two
    lines."""
    return f'{path}' if n else None
x = 'unfinished
`;

test("nothing of a source is lost or moved", () => {
  const lines = coloured(SOURCE).map((line) => line.map(([, text]) => text).join(""));
  expect(lines.join("\n")).toBe(SOURCE);
});

test("words, texts, numbers and comments are told apart", () => {
  const found = coloured(SOURCE).flat();
  expect(found).toContainEqual(["decorator", "@cached.it"]);
  expect(found).toContainEqual(["name", "load"]);
  expect(found).toContainEqual(["text", '"a#b"']);
  expect(found).toContainEqual(["number", "1.5e3"]);
  expect(found).toContainEqual(["comment", "# a comment"]);
  expect(found).toContainEqual(["text", '    lines."""']);
  expect(found).toContainEqual(["keyword", "return"]);
  expect(found).toContainEqual(["text", "'unfinished"]);
});
