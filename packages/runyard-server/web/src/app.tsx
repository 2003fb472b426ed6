// The frame around every page: navigation, the palette, what the service says of itself.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { go, path } from "./address";
import { reachable, renewing, signedIn } from "./api";
// Pages that follow nothing hear from the other tabs, too, whether the service answers.
import "./live";
import { pages, titles, workspace } from "./places";
import { Enter } from "./enter";
import { Palette, openNamed, opened } from "./palette";
import { Button, Saying, told } from "./ui/bits";
import { Lazy } from "./ui/states";
import { TYPED, useKeys } from "./ui/keys";

const menu = signal(false);

/** The application. */
export function App() {
  useShortcuts();
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
        <Button
          kind="quiet burger"
          aria-expanded={menu.value}
          act={() => (menu.value = !menu.value)}
        >
          Menu
        </Button>
      </div>
      <nav aria-label="Pages">
        <Button kind="find" act={() => (opened.value = true)}>
          <span>Find anything</span>
          <kbd>{/Mac/.test(navigator.userAgent) ? "⌘K" : "Ctrl K"}</kbd>
        </Button>
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

/** The page of the address. */
function Page() {
  const found = pages.find((page) => page.pattern.test(path.value));
  if (!found) return <Unknown />;
  const match = found.pattern.exec(path.value)?.groups ?? {};
  const segments = Object.fromEntries(
    Object.entries(match).map(([key, value]) => [key, decodeURIComponent(value ?? "")]),
  );
  if (segments["workspace"]) workspace.value = segments["workspace"];
  return <Lazy load={found.load} given={segments as never} />;
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
function useShortcuts() {
  const before = useRef("");
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!(event.metaKey || event.ctrlKey) || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      opened.value = !opened.value;
    };
    const paste = (event: ClipboardEvent) => {
      const text = event.clipboardData?.getData("text").trim() ?? "";
      const typed = event.target instanceof HTMLElement && event.target.matches(TYPED);
      if (!typed && signedIn.peek() && /^\S{1,300}$/.test(text)) void told(openNamed(text));
    };
    window.addEventListener("keydown", press);
    window.addEventListener("paste", paste);
    return () => {
      window.removeEventListener("keydown", press);
      window.removeEventListener("paste", paste);
    };
  }, []);
  useKeys((key) => {
    const gone = before.current === "g";
    before.current = key;
    if (gone && key === "h") go("/");
    else if (gone && GOES[key]) go(`/${GOES[key]}/${workspace.peek()}`);
    else if (key === "?") opened.value = "keys";
    else if (key === "/") {
      const search = document.querySelector<HTMLInputElement>("input[type=search]");
      if (search) search.focus();
      else opened.value = true;
      return true;
    }
    return false;
  });
}
