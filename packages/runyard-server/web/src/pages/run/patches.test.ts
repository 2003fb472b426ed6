import { expect, test } from "vitest";
import { before, patches } from "./patches";

const DIFF = `diff --git a/a b.py b/a b.py
index 1..2 100644
--- a/a b.py
+++ b/a b.py
@@ -1,2 +1,3 @@
 one
+new
 two
@@ -8,3 +9,2 @@ def f():
 eight
-nine
 ten
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1,2 +0,0 @@
--- old
-line
diff --git a/large.bin b/large.bin
Binary files a/large.bin and b/large.bin differ
# too large to be kept here: more.py
# not in git: fresh.py
`;

test("a diff is cut into its files", () => {
  expect(patches(DIFF).map(({ path, what }) => [path, what])).toEqual([
    ["a b.py", "changed"],
    ["gone.py", "removed"],
    ["large.bin", "changed"],
    ["more.py", "changed"],
    ["fresh.py", "not in git"],
  ]);
  expect(patches("")).toEqual([]);
  expect(patches("# not in git: only.py\n").map(({ path }) => path)).toEqual(["only.py"]);
});

test("what a file was follows from what it is", () => {
  const [changed, gone, binary, large, fresh] = patches(DIFF);
  const now = "one\nnew\ntwo\n3\n4\n5\n6\n7\neight\nten\nend\n";
  const old = "one\ntwo\n3\n4\n5\n6\n7\neight\nnine\nten\nend\n";
  expect(before(changed!, now)).toBe(old);
  expect(before(gone!, "")).toBe("-- old\nline\n");
  expect(before(binary!, "x")).toBeUndefined();
  expect(before(large!, "x")).toBeUndefined();
  expect(before(fresh!, "x")).toBe("");
});
