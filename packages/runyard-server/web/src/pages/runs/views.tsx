// Saved views: what a table was set to show, under a name.
import { useEffect, useState } from "preact/hooks";
import { param, setParams } from "../../address";
import { call } from "../../api";
import type { ViewRecord } from "../../protocol";
import { useResource } from "../../resource";
import { fieldText, fieldParts } from "../../search";
import { say } from "../../ui/bits";
import { Menu } from "../../ui/menu";

interface Settings {
  filter: string;
  order: string;
  columns: string[];
  group: string;
  children: boolean;
}

/** What a view sets in the address. */
export function inAddress(view: ViewRecord): Record<string, string> {
  return {
    view: view.name,
    q: view.filter,
    order: view.order_by[0] ?? "",
    cols: view.columns.join(","),
    group: view.group_by,
    children: view.children ? "1" : "",
  };
}

/** The views of runs: opened, saved, deleted. A link with `view=` alone opens it. */
export function Views({ workspace, settings }: { workspace: string; settings: Settings }) {
  const [name, setName] = useState("");
  const open = param("view");
  const views = useResource(`${workspace} views`, (signal) =>
    call("views.list", { workspace }, { query: { noun: "runs" }, signal }),
  );
  const items = views.data?.items ?? [];
  useEffect(() => {
    const found = items.find((view) => view.name === open);
    const set = ["q", "order", "cols", "group", "children"].some((one) => param(one));
    if (found && !set) setParams(inAddress(found));
  }, [views.data]);
  const body = {
    filter: settings.filter,
    order_by: settings.order ? [settings.order] : [],
    columns: settings.columns.map((one) => {
      const [kind, field] = fieldParts(one);
      return kind ? fieldText(kind, field) : field;
    }),
    group_by: settings.group,
    children: settings.children,
  };
  const done = (text: string, undo?: () => void) => {
    views.refresh();
    say(text, undo);
  };
  const failed = (error: Error) => say(error.message);
  const keep = (close: () => void) => {
    const wanted = name.trim() || open;
    if (!wanted) return;
    const old = items.find((view) => view.name === wanted);
    const saved = old
      ? call("views.change", { workspace, view: old.id }, { body })
      : call("views.create", { workspace }, { body: { ...body, name: wanted, noun: "runs" } });
    saved.then(() => {
      setParams({ view: wanted });
      setName("");
      close();
      done(`The view ${wanted} is saved.`);
    }, failed);
  };
  const remove = (view: ViewRecord) => {
    const again = () =>
      void call("views.create", { workspace }, { body: view }).then(views.refresh, failed);
    call("views.delete", { workspace, view: view.id }).then(
      () => done(`The view ${view.name} is deleted.`, again),
      failed,
    );
  };
  return (
    <Menu title={open ? `View: ${open}` : "Views"}>
      {(close) => (
        <div class="choosing">
          <ul class="list" aria-label="Saved views">
            {items.length === 0 && <li class="faint">None is saved yet.</li>}
            {items.map((view) => (
              <li key={view.id}>
                <button
                  type="button"
                  class="quiet"
                  aria-current={view.name === open}
                  onClick={() => {
                    close();
                    setParams(inAddress(view), true);
                  }}
                >
                  {view.name}
                </button>
                <button
                  type="button"
                  class="quiet"
                  aria-label={`Delete the view ${view.name}`}
                  onClick={() => remove(view)}
                >
                  ×
                </button>
              </li>
            ))}
          </ul>
          <input
            type="text"
            aria-label="Save what is shown as"
            placeholder={open ? `Save ${open} anew, or as…` : "Save what is shown as…"}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Enter" && keep(close)}
          />
          <button type="button" onClick={() => keep(close)} disabled={!name.trim() && !open}>
            Save
          </button>
        </div>
      )}
    </Menu>
  );
}
