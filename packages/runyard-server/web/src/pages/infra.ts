// How locks and browsers are called, in words that people read.

export interface Package {
  name: string;
  version: string;
}

/** The pinned packages of a lock's lines; its hashes and options are for the installer. */
export function packages(text: string): Package[] {
  const found: Package[] = [];
  for (const line of text.split("\n")) {
    const pinned = /^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(?:===?|@)\s*([^\s;\\]+)/.exec(line);
    if (pinned) found.push({ name: pinned[1] ?? "", version: pinned[2] ?? "" });
  }
  return found;
}

/** A browser's own name in its long line of names, and its system. */
export function browser(client: string): string {
  const name = /(Edg|OPR|Firefox|Chrome|Version)\/(\d+)/.exec(client);
  const system = /\(([^;)]+)/.exec(client)?.[1];
  if (!name) return client || "unknown";
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera", Version: "Safari" };
  return `${names[name[1] ?? ""] ?? name[1]} ${name[2]}${system ? `, ${system}` : ""}`;
}
