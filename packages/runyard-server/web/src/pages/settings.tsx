// What is set about the service and where, and which browsers are signed in.
import "./infra.css";
import { useEffect } from "preact/hooks";
import { call } from "../api";
import type { SettingRecord, StudioSession } from "../protocol";
import { useResource } from "../resource";
import { Ago, Card, Head, say } from "../ui/bits";
import { Loaded } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { browser } from "./infra";

const COLUMNS: Column<SettingRecord>[] = [
  { name: "name", title: "Setting", width: "12rem", cell: (one) => <code>{one.name}</code> },
  {
    name: "value",
    title: "Value",
    width: "minmax(8rem, 1fr)",
    cell: (one) => (one.origin === "default" ? one.value : <b>{one.value}</b>),
  },
  {
    name: "origin",
    title: "From",
    width: "minmax(9rem, 1fr)",
    cell: (one) => <span class={one.origin === "default" ? "faint" : ""}>{one.origin}</span>,
  },
  {
    name: "about",
    title: "Meaning",
    width: "minmax(20rem, 4fr)",
    cell: (one) => <span title={`${one.about} By default: ${one.default}.`}>{one.about}</span>,
  },
];

export default function Settings() {
  useEffect(() => {
    document.title = "Settings";
  }, []);
  const found = useResource("settings", (signal) => call("service.settings", {}, { signal }));
  const sessions = useResource("sessions", (signal) => call("studio.sessions", {}, { signal }));
  const leave = (one: StudioSession) =>
    call("studio.leave", { session: one.id }).then(
      () => {
        say("The browser was signed out.");
        sessions.refresh();
      },
      (error: Error) => say(error.message),
    );
  const columns: Column<StudioSession>[] = [
    {
      name: "client",
      title: "Browser",
      width: "minmax(16rem, 3fr)",
      cell: (one) => browser(one.client),
    },
    { name: "person", title: "Person", width: "8rem", cell: (one) => one.person },
    { name: "made", title: "Signed in", width: "8rem", cell: (one) => <Ago time={one.made_at} /> },
    { name: "used", title: "Seen", width: "8rem", cell: (one) => <Ago time={one.used_at} /> },
    {
      name: "act",
      title: <span class="unseen">Sign out</span>,
      width: "6rem",
      cell: (one) => (
        <button type="button" class="quiet danger" onClick={() => void leave(one)}>
          Sign out
        </button>
      ),
    },
  ];
  return (
    <>
      <Head title="Settings" />
      <div class="stack">
        <Card wide title="Browsers that are signed in">
          <Loaded of={sessions}>
            {({ items }) =>
              items.length ? (
                <Table label="Browsers" columns={columns} rows={items} id={(one) => one.id} />
              ) : (
                <p class="faint">None: who asks now has a token.</p>
              )
            }
          </Loaded>
        </Card>
        <Loaded of={found} lines={14}>
          {({ items, file }) => (
            <Card wide title="Service" extra={<small>changed in {file}, then restart</small>}>
              <Table label="Settings" columns={COLUMNS} rows={items} id={(one) => one.name} />
            </Card>
          )}
        </Loaded>
      </div>
    </>
  );
}
