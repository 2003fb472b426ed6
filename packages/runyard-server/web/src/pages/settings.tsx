// What is set about the workspace and the service, and which browsers are signed in.
import { useState } from "preact/hooks";
import { call } from "../api";
import { workspace as here } from "../places";
import type { SettingRecord, StudioSession } from "../protocol";
import { useAll, useCall } from "../resource";
import { Button, Card, Facts, Head, told } from "../ui/bits";
import { type Column, acts, text, time } from "../ui/columns";
import { Dialog, Field } from "../ui/fields";
import { browser } from "../ui/reading";
import { Loaded } from "../ui/states";
import { Listing, Table } from "../ui/table";

const COLUMNS: Column<SettingRecord>[] = [
  text("Setting", "12rem", (one) => one.name, { cell: (one) => <code>{one.name}</code> }),
  text("Value", "minmax(8rem, 1fr)", (one) => one.value, {
    cell: (one) => (one.origin === "default" ? one.value : <b>{one.value}</b>),
  }),
  text("From", "minmax(9rem, 1fr)", (one) => one.origin, {
    cell: (one) => <span class={one.origin === "default" ? "faint" : ""}>{one.origin}</span>,
  }),
  text("Meaning", "minmax(20rem, 4fr)", (one) => one.about, {
    cell: (one) => <span title={`${one.about} By default: ${one.default}.`}>{one.about}</span>,
  }),
];

/** The day of the workspace's packages, for environments that name none. */
function Packages({ workspace }: { workspace: string }) {
  const found = useCall("workspaces.get", { workspace });
  const [day, setDay] = useState<string | null>(null);
  const keep = () => call("workspaces.change", { workspace }, { body: { as_of: day ?? "" } });
  return (
    <Loaded of={found} lines={1}>
      {({ name, as_of }) => (
        <Card
          wide
          title={`Workspace ${name}`}
          extra={<Button act={() => setDay(as_of)}>Change the day</Button>}
        >
          <Facts of={[["Packages are as of", as_of || "what the service's settings say"]]} />
          {day !== null && (
            <Dialog
              title="The day of packages"
              act="Set it"
              onAct={() => keep().then(found.set)}
              close={() => setDay(null)}
            >
              <p>It counts where neither an environment nor its framework has one.</p>
              <Field
                label="Day; none is that of the service"
                placeholder="2019-08-01"
                value={day}
                onInput={setDay}
              />
            </Dialog>
          )}
        </Card>
      )}
    </Loaded>
  );
}

export default function Settings() {
  const found = useCall("service.settings", {});
  const sessions = useAll("studio.sessions", {});
  const leave = (one: StudioSession) =>
    void told(
      call("studio.leave", { session: one.id }),
      sessions.refresh,
      "The browser was signed out.",
    );
  const columns: Column<StudioSession>[] = [
    text("Browser", "minmax(16rem, 3fr)", (one) => browser(one.client)),
    text("Person", "8rem", (one) => one.person),
    time("Signed in", (one) => one.made_at),
    time("Seen", (one) => one.used_at),
    acts("Sign out", (one) => `Sign out ${browser(one.client)}`, leave),
  ];
  return (
    <>
      <Head title="Settings" />
      <div class="stack">
        <Packages workspace={here.value} />
        <Card wide title="Browsers that are signed in">
          <Listing of={sessions} noun="browser" columns={columns} id={(one) => one.id}>
            None: who asks now has a token.
          </Listing>
        </Card>
        <Loaded of={found} lines={14}>
          {({ items, file }) => (
            <Card wide title="Service" extra={<small>changed in {file}, then restart</small>}>
              <Table noun="setting" columns={COLUMNS} rows={items} />
            </Card>
          )}
        </Loaded>
      </div>
    </>
  );
}
