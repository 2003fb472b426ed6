// Saved views: what a table was set to show, under a name.
import { useEffect, useState } from "preact/hooks";
import { param, setParams } from "../../address";
import { call } from "../../api";
import type { ViewRecord } from "../../protocol";
import { useCall } from "../../resource";
import { fieldText, fieldParts } from "../../search";
import { Button, told } from "../../ui/bits";
import { Menu } from "../../ui/menu";
import { Star, useStars } from "../../ui/stars";

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
  const views = useCall("views.list", { workspace }, { query: { noun: "runs" } });
  const stars = useStars(workspace, "view");
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
  const keep = (close: () => void) => {
    const wanted = name.trim() || open;
    if (!wanted) return;
    const old = items.find((view) => view.name === wanted);
    const saved = old
      ? call("views.change", { workspace, view: old.id }, { body })
      : call("views.create", { workspace }, { body: { ...body, name: wanted, noun: "runs" } });
    const done = () => {
      setParams({ view: wanted });
      setName("");
      close();
      views.refresh();
    };
    void told<unknown>(saved, done, `The view ${wanted} is saved.`);
  };
  const remove = (view: ViewRecord) => {
    const again = () =>
      void told(call("views.create", { workspace }, { body: view }), views.refresh);
    const gone = call("views.delete", { workspace, view: view.id });
    void told(gone, views.refresh, `The view ${view.name} is deleted.`, again);
  };
  return (
    <Menu title={open ? `View: ${open}` : "Views"}>
      {(close) => (
        <div class="choosing">
          <ul class="list" aria-label="Saved views">
            {items.length === 0 && <li class="faint">None is saved yet.</li>}
            {items.map((view) => (
              <li key={view.id}>
                <Button
                  kind="quiet"
                  aria-current={view.name === open}
                  act={() => {
                    close();
                    setParams(inAddress(view), true);
                  }}
                >
                  {view.name}
                </Button>
                <Star of={stars} name={view.id} called={`the view ${view.name}`} />
                <Button
                  kind="quiet"
                  aria-label={`Delete the view ${view.name}`}
                  act={() => remove(view)}
                >
                  ×
                </Button>
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
          <Button act={() => keep(close)} disabled={!name.trim() && !open}>
            Save
          </Button>
        </div>
      )}
    </Menu>
  );
}
