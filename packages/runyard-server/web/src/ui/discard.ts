// Deleting: into the trash, from which things come back by one click for a while.
import { call } from "../api";
import { bytes, counted } from "../texts";
import { say } from "./bits";

/** Put things of a kind into the trash, and say how much they are and how long they are kept. */
export async function discard(
  workspace: string,
  kind: string,
  names: string[],
  then: () => void,
): Promise<void> {
  const asked = names.map((name) => call("trash.add", { workspace }, { body: { kind, name } }));
  const results = await Promise.allSettled(asked);
  const entries = results.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const refused = results.find((one) => one.status === "rejected");
  const [first] = entries;
  if (!first) return say(String(refused?.reason?.message));
  then();
  const size = bytes(entries.reduce((sum, one) => sum + one.size, 0));
  const what = names.length > 1 ? counted(entries.length, kind) : `The ${kind} ${names[0]}`;
  const not = refused ? `; ${names.length - entries.length} not: ${refused.reason.message}` : "";
  say(`${what}: in the trash until ${first.until.slice(0, 10)}, ${size}${not}`, () => {
    const back = entries.map(({ id }) => call("trash.restore", { workspace, entry: id }));
    void Promise.allSettled(back).then(then);
  });
}
