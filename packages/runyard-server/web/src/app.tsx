// The frame around every page: navigation, the palette, what the service says of itself.
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { go, path } from "./address";
import { reachable, renewing, signedIn } from "./api";
// Pages that follow nothing hear from the other tabs, too, whether the service answers.
import "./live";
import { pages, titles, workspace } from "./places";
import { Enter } from "./enter";
import { Palette, opened } from "./palette";
import { Saying } from "./ui/bits";
import { Failure, Skeleton } from "./ui/states";
import { typing } from "./ui/table";

const menu = signal(false);

/** The application. */
export function App() {
  useEffect(() => shortcuts(), []);
  useEffect(() => renewing(), []);
  if (path.value === "/enter" || !signedIn.value) return <Enter />;
  return (
    <div class={`frame ${menu.value ? "open" : ""}`}>
      <a class="skip" href="#main" onClick={() => document.getElementById("main")?.focus()}>
        To the content
      </a>
      <Side />
      <div class="content">
        {!reachable.value && (
          <p class="banner" role="status">
            The service has stopped; <code>runyard studio</code> starts it. This page goes on by
            itself when it is back.
          </p>
        )}
        <main id="main" tabIndex={-1}>
          <Page />
        </main>
      </div>
      <Palette />
      <Saying />
    </div>
  );
}

function Side() {
  const here = `/${path.value.split("/")[1] ?? ""}`;
  useEffect(() => {
    menu.value = false;
  }, [path.value]);
  return (
    <aside class="side">
      <div class="brand">
        <a href="/">Runyard</a>
        <button
          type="button"
          class="quiet burger"
          aria-expanded={menu.value}
          onClick={() => (menu.value = !menu.value)}
        >
          Menu
        </button>
      </div>
      <nav aria-label="Pages">
        <button type="button" class="find" onClick={() => (opened.value = true)}>
          <span>Find anything</span>
          <kbd>{/Mac/.test(navigator.userAgent) ? "⌘K" : "Ctrl K"}</kbd>
        </button>
        {titles().map(([name, address, group]) => (
          <a
            key={address}
            href={address}
            class={group}
            aria-current={`/${address.split("/")[1]}` === here ? "page" : undefined}
          >
            {name}
          </a>
        ))}
      </nav>
      <p class="where" title="Workspace">
        {workspace.value}
      </p>
    </aside>
  );
}

/** The page of the address, fetched when it is first gone to. */
function Page() {
  const found = pages.find((page) => page.pattern.test(path.value));
  const [loaded, setLoaded] = useState<{
    of: unknown;
    page?: ComponentType<never>;
    error?: Error;
  }>();
  useEffect(() => {
    if (!found || loaded?.of === found) return;
    found.load().then(
      (module) => setLoaded({ of: found, page: module.default as ComponentType<never> }),
      (error: Error) => setLoaded({ of: found, error }),
    );
  }, [found]);
  if (!found) return <Unknown />;
  const match = found.pattern.exec(path.value)?.groups ?? {};
  const segments = Object.fromEntries(
    Object.entries(match).map(([key, value]) => [key, decodeURIComponent(value ?? "")]),
  );
  if (segments["workspace"]) workspace.value = segments["workspace"];
  if (loaded?.of !== found) return <Skeleton />;
  if (loaded.error || !loaded.page)
    return <Failure error={loaded.error ?? new Error("no page")} retry={() => location.reload()} />;
  const Shown = loaded.page as ComponentType<Record<string, string>>;
  return <Shown {...segments} />;
}

function Unknown() {
  useEffect(() => {
    document.title = "Nothing is here · Runyard";
  }, []);
  return (
    <section class="empty">
      <h1>Nothing is here</h1>
      <p>
        No page has this address. <a href="/">Go home</a>, or press <kbd>/</kbd> there to search.
      </p>
    </section>
  );
}

const GOES: Record<string, string> = {
  r: "runs",
  e: "experiments",
  m: "models",
  c: "compute",
  q: "queue",
};

/** Keys that work on every page. */
function shortcuts() {
  let before = "";
  const press = (event: KeyboardEvent) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      opened.value = !opened.value;
      return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
    if (before === "g" && event.key === "h") go("/");
    else if (before === "g" && GOES[event.key]) go(`/${GOES[event.key]}/${workspace.peek()}`);
    else if (event.key === "/") {
      const search = document.querySelector<HTMLInputElement>("input[type=search]");
      if (search) search.focus();
      else opened.value = true;
      event.preventDefault();
    } else if (event.key === "?") opened.value = "keys";
    before = event.key;
  };
  window.addEventListener("keydown", press);
  return () => window.removeEventListener("keydown", press);
}
