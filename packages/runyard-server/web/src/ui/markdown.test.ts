import type { VNode } from "preact";
import { expect, test } from "vitest";
import { Markdown } from "./markdown";

/** What would stand in the document, as text. */
function html(node: unknown): string {
  if (Array.isArray(node)) return node.map(html).join("");
  if (typeof node === "string") return node;
  const { type, props } = node as VNode<{ children?: unknown; href?: string }>;
  const link = props.href ? ` ${props.href}` : "";
  return `<${type}${link}>${html(props.children ?? "")}</${type}>`;
}

const shown = (text: string) =>
  html((Markdown({ text }) as VNode<{ children: unknown }>).props.children);

test("notes have headings, lists, code and emphasis", () => {
  expect(
    shown("# Rates\n\nBegun *here*,\n**then** `lr=1`\n- a\n- b\n\n1. c\n```\nx = *1*\n```\nend"),
  ).toBe(
    "<h3>Rates</h3><p>Begun <em>here</em>,\n<b>then</b> <code>lr=1</code></p>" +
      "<ul><li>a</li><li>b</li></ul><ol><li>c</li></ol><pre>x = *1*</pre><p>end</p>",
  );
});

test("links lead to the web and to pages, and nothing else does anything", () => {
  expect(shown("[run](/runs/default/a_1) https://x.org/a.")).toBe(
    "<p><a /runs/default/a_1>run</a> <a https://x.org/a>https://x.org/a</a>.</p>",
  );
  expect(shown("[a](javascript:alert(1)) [b](//evil.org) <img src=x>")).toBe(
    "<p>a) b <img src=x></p>",
  );
});
