import { expect, test } from "vitest";
import { browser, packages } from "./infra";

test("a lock's pins are its packages, without hashes and options", () => {
  const lines = [
    "--index-url https://example.org/simple",
    "numpy==1.26.4 \\",
    "    --hash=sha256:abc",
    "torch[cuda]==2.4.0 ; python_version > '3.8'",
    "own @ runyard://default/store/own-1-py3-none-any.whl",
    "# interpreter: /usr/bin/python3",
  ].join("\n");
  expect(packages(lines).map((one) => one.name)).toEqual(["numpy", "torch", "own"]);
  expect(packages(lines)[0]?.version).toBe("1.26.4");
});

test("a browser is called by its own name", () => {
  const chrome =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36";
  expect(browser(chrome)).toBe("Chrome 156, X11");
  expect(browser("curl/8")).toBe("curl/8");
});
