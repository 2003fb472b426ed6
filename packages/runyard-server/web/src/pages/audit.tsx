// Who changed what, when and from where, and who was refused.
import { param, to } from "../address";
import type { AuditEntry, AuditQuery } from "../protocol";
import { useAll, useRested } from "../resource";
import { Head } from "../ui/bits";
import { type Column, long, number, text, time } from "../ui/columns";
import { Choice, Search } from "../ui/fields";
import { Listing } from "../ui/table";
import { Empty } from "../ui/states";

const MOST = 2000;

const COLUMNS: Column<AuditEntry>[] = [
  time("When", (one) => one.time),
  text("Who", "8rem", (one) => one.user || null),
  text("By", "9rem", (one) => one.via),
  text("From", "9rem", (one) => one.address),
  text("What", "minmax(9rem, 1fr)", (one) => one.route, {
    cell: (one) => <code>{one.route}</code>,
  }),
  text("Workspace", "8rem", (one) => one.workspace || null),
  text("Of", "minmax(9rem, 1fr)", (one) => one.object || null),
  text("Outcome", "8rem", (one) => one.outcome, {
    cell: (one) => <span class={one.outcome === "done" ? "" : "wrong"}>{one.outcome}</span>,
  }),
  number("Times", "4rem", (one) => one.count),
  long("More", "minmax(10rem, 2fr)", (one) => one.detail),
];

const FIELDS: [keyof AuditQuery & string, string][] = [
  ["user", "Who"],
  ["route", "What, as runs.cancel"],
  ["object", "Of what"],
];

export default function Audit() {
  const given = FIELDS.map(([name]) => [name, param(name)] as const).filter(([, value]) => value);
  const outcome = param("outcome");
  const asked = JSON.stringify([...given, ...(outcome ? [["outcome", outcome]] : [])]);
  const query = { page_size: 500, ...Object.fromEntries(JSON.parse(useRested(asked))) };
  const entries = useAll("audit.list", {}, { query }, { most: MOST });
  return (
    <>
      <Head title="Audit log" trail={[["People", to(["people"])]]} />
      <div class="search tools">
        {FIELDS.map(([name, label]) => (
          <Search key={name} label={label} name={name} />
        ))}
        <Choice
          label="Outcome"
          name="outcome"
          of={[
            ["", "All outcomes"],
            ["done", "done"],
            ["forbidden", "refused: forbidden"],
            ["unauthorized", "refused: unauthorized"],
          ]}
        />
      </div>
      <Listing
        of={entries}
        label="Audit log"
        noun="entry"
        columns={COLUMNS}
        id={(one) => String(one.number)}
        command="runyard audit list"
      >
        <Empty title="Nothing fits">What people change is written down here.</Empty>
      </Listing>
    </>
  );
}
