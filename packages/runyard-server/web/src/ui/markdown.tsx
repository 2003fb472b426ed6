// Markdown as people write it in notes: headings, lists, code, emphasis, links. No HTML is known.
import type { ComponentChildren, VNode } from "preact";

const INLINE =
  /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)|(https?:\/\/[^\s)]*[^\s).,;:!?])/g;
const ITEM = /^\s*(?:[-*]|\d+[.)])\s+/;
/** What no paragraph goes on with. */
const OTHER = /^\s*$|^#{1,6}\s|^```|^\s*(?:[-*]|\d+[.)])\s/;

/** A link to the web or to a page of the studio; of any other address the text alone is shown. */
function anchor(text: string, address: string): ComponentChildren {
  const web = /^https?:\/\//.test(address);
  if (!web && !/^\/(?!\/)/.test(address)) return text;
  const apart = web && { target: "_blank", rel: "noopener noreferrer" };
  return <a {...{ href: address, ...apart }}>{text}</a>;
}

/** The pieces of a line. */
function inline(text: string): ComponentChildren[] {
  const found: ComponentChildren[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, bold, slanted, name, address, bare] = match;
    found.push(text.slice(at, match.index));
    at = match.index + whole.length;
    if (code) found.push(<code>{code}</code>);
    else if (bold) found.push(<b>{inline(bold)}</b>);
    else if (slanted) found.push(<em>{inline(slanted)}</em>);
    else found.push(anchor(name ?? bare ?? "", address ?? bare ?? ""));
  }
  return [...found, text.slice(at)];
}

/** The blocks of a text, in order. */
function blocks(text: string): VNode[] {
  const lines = text.split("\n");
  const found: VNode[] = [];
  /** The next lines as long as they fit, which are then gone through. */
  const take = (fits: (line: string) => boolean) => {
    const end = lines.findIndex((line) => !fits(line));
    return lines.splice(0, end < 0 ? lines.length : end);
  };
  while (lines.length) {
    const line = lines.shift() ?? "";
    if (line.startsWith("```")) {
      found.push(<pre class="tail">{take((one) => !one.startsWith("```")).join("\n")}</pre>);
      lines.shift();
    } else if (/^#{1,6}\s/.test(line)) found.push(<h3>{inline(line.replace(/^#+\s+/, ""))}</h3>);
    else if (ITEM.test(line)) {
      const items = [line, ...take((one) => ITEM.test(one))];
      const shown = items.map((one) => <li>{inline(one.replace(ITEM, ""))}</li>);
      found.push(/^\s*\d/.test(line) ? <ol>{shown}</ol> : <ul>{shown}</ul>);
    } else if (line.trim())
      found.push(<p>{inline([line, ...take((one) => !OTHER.test(one))].join("\n"))}</p>);
  }
  return found;
}

/** A text with its marks as what they mean. */
export function Markdown({ text }: { text: string }) {
  return <div class="markdown">{blocks(text.replaceAll("\r", ""))}</div>;
}
