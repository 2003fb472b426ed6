// The packages of a lock: found by name, and taken along as a requirements.txt.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { param } from "../address";
import type { LockRecord } from "../protocol";
import { counted } from "../texts";
import { Button, Card, Copy } from "./bits";
import { text } from "./columns";
import { Search } from "./fields";
import { packages } from "./reading";
import { save } from "./save";
import { Listing } from "./table";

const COLUMNS = [
  text<[string, string]>("Package", "minmax(12rem, 2fr)", ([name]) => name),
  text<[string, string]>("Version", "minmax(8rem, 1fr)", ([, version]) => version),
];

function pins(of: [string, string][]): string {
  const line = ([name, version]: [string, string]) =>
    !version ? name : version.includes(":") ? `${name} @ ${version}` : `${name}==${version}`;
  return of.map((one) => `${line(one)}\n`).join("");
}

interface PackagesProps {
  lock: LockRecord;
  /** What stands beside the search. */
  tools?: ComponentChildren;
  /** What is shown in the place of the packages. */
  children?: ComponentChildren;
}

/** The packages as a card. */
export function Packages({ lock, tools, children }: PackagesProps) {
  const all = useMemo(() => Object.entries(packages(lock.requirements)), [lock]);
  const wanted = param("find").toLowerCase();
  const shown = useMemo(() => all.filter(([name]) => name.includes(wanted)), [all, wanted]);
  return (
    <Card
      wide
      title={all.length ? counted(all.length, "package") : "Packages"}
      extra={
        <span class="actions">
          <Copy text={pins(all)}>Copy requirements.txt</Copy>
          <Button kind="quiet" act={() => save("requirements.txt", [pins(all)])}>
            Save it
          </Button>
        </span>
      }
    >
      <div class="search tools">
        <Search label="Find a package" name="find" />
        {tools}
      </div>
      {children ?? (
        <Listing of={shown} noun="package" columns={COLUMNS} id={([name]) => name}>
          {all.length ? "No package has such a name." : "Nothing but Python."}
        </Listing>
      )}
    </Card>
  );
}
