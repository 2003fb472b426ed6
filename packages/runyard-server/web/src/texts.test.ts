import { describe, expect, it } from "vitest";
import { ago, bytes, counted, duration, figure } from "./texts";
import { overwritten, pieces } from "./ui/ansi";

describe("texts", () => {
  it("names the two largest units of a time", () => {
    expect(duration(3.14)).toBe("3.1 s");
    expect(duration(192)).toBe("3 min 12 s");
    expect(duration(3600)).toBe("1 h");
    expect(duration(Number.NaN)).toBe("–");
  });
  it("says how long ago something was", () => {
    expect(ago(new Date(0), 3_000)).toBe("just now");
    expect(ago(new Date(0), 300_000)).toBe("5 min ago");
  });
  it("tells sizes and numbers as people read them", () => {
    expect(bytes(3_200_000)).toBe("3.2 MB");
    expect(figure(0.123456789)).toBe("0.12346");
    expect(figure(1_000_000)).toBe("1,000,000");
    expect(figure(null)).toBe("–");
    expect(counted(1, "run")).toBe("1 run");
  });
});

describe("logs", () => {
  it("shows a progress bar as it stood in the end", () => {
    expect(overwritten("10 %\r50 %\r100 %\r")).toBe("100 %");
  });
  it("keeps colours and drops what else a terminal is told", () => {
    expect(pieces("\x1b[32mgood\x1b[0m\x1b[2K rest")).toEqual([
      { text: "good", style: "c-green" },
      { text: " rest", style: "" },
    ]);
  });
});
