// What is set about the service and where, and which browsers are signed in.
import { call } from "../api";
import type { SettingRecord, StudioSession } from "../protocol";
import { useAll, useCall } from "../resource";
import { Card, Head, told } from "../ui/bits";
import { type Column, acts, text, time } from "../ui/columns";
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
