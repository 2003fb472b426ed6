// Which page has which address. A page is a file of `pages`, fetched when it is first gone to.
import { computed, signal } from "@preact/signals";
import type { ComponentType } from "preact";

interface PageRow {
  pattern: RegExp;
  // Each page takes the segments of its own address.
  load: () => Promise<{ default: ComponentType<never> }>;
}

const remembered = localStorage.getItem("runyard-workspace");

/** The workspace of the page that is open, or of the last one that had one. */
export const workspace = signal(remembered ?? "default");
workspace.subscribe((name) => localStorage.setItem("runyard-workspace", name));

type Module = Record<string, unknown>;

/** A page at an address: what a file exports by a name. */
function page(address: string, load: () => Promise<Module>, part = "default"): PageRow {
  const pattern = address
    .replace(/\{(\w+):path\}/g, "(?<$1>.+)")
    .replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  const shown = (module: Module) => ({ default: module[part] as ComponentType<never> });
  return { pattern: new RegExp(`^${pattern}/?$`), load: () => load().then(shown) };
}

const experiments = () => import("./pages/experiments");

export const pages: PageRow[] = [
  page("/", () => import("./pages/home")),
  page("/experiments/{workspace}", experiments),
  page("/experiments/{workspace}/{name}", experiments, "OneExperiment"),
  page("/workspaces/{workspace}/experiments/{name}", experiments, "OldLink"),
  page("/boards/{workspace}", () => import("./pages/board")),
  page("/boards/{workspace}/{board}", () => import("./pages/board"), "One"),
  page("/runs/{workspace}", () => import("./pages/runs")),
  page("/runs/{workspace}/{run}", () => import("./pages/run")),
  page("/runs/{workspace}/{run}/{tab}", () => import("./pages/run")),
  page("/runs/{workspace}/{run}/{tab}/{rest:path}", () => import("./pages/run")),
  page("/sweeps/{workspace}", () => import("./pages/sweeps")),
  page("/sweeps/{workspace}/{sweep}", () => import("./pages/sweep")),
  page("/pipelines/{workspace}", () => import("./pages/pipelines")),
  page("/pipelines/{workspace}/{pipeline}", () => import("./pages/pipeline")),
  page("/compare/{workspace}", () => import("./pages/compare")),
  page("/compute/{workspace}", () => import("./pages/compute")),
  page("/compute/{workspace}/{name}", () => import("./pages/compute"), "One"),
  page("/queue/{workspace}", () => import("./pages/queue")),
  page("/environments/{workspace}", () => import("./pages/environments")),
  page("/environments/{workspace}/{lock}", () => import("./pages/environments"), "One"),
  page("/datasets/{workspace}", () => import("./pages/datasets")),
  page("/datasets/{workspace}/{name}", () => import("./pages/datasets"), "One"),
  page("/datasets/{workspace}/{name}/{version}", () => import("./pages/datasets"), "One"),
  page("/datastores/{workspace}", () => import("./pages/datastores")),
  page("/datastores/{workspace}/{name}", () => import("./pages/datastores"), "One"),
  page("/datastores/{workspace}/{name}/{rest:path}", () => import("./pages/datastores"), "One"),
  page("/people", () => import("./pages/people")),
  page("/audit", () => import("./pages/audit")),
  page("/storage", () => import("./pages/storage")),
  page("/settings", () => import("./pages/settings")),
  page("/about", () => import("./pages/about")),
  page("/docs", () => import("./pages/about")),
  page("/models/{workspace}", () => import("./pages/models")),
  page("/models/{workspace}/{name}", () => import("./pages/models")),
  page("/models/{workspace}/{name}/diff", () => import("./pages/model_diff")),
  page("/models/{workspace}/{name}/{version}", () => import("./pages/model")),
  page("/models/{workspace}/{name}/{version}/{tab}", () => import("./pages/model")),
  page("/models/{workspace}/{name}/{version}/{tab}/{rest:path}", () => import("./pages/model")),
  page("/endpoints/{workspace}", () => import("./pages/endpoints")),
  page("/endpoints/{workspace}/{endpoint}", () => import("./pages/endpoint")),
  page("/endpoints/{workspace}/{endpoint}/{tab}", () => import("./pages/endpoint")),
];

/** What the navigation shows: name, address, group. */
const shown = computed((): [string, string, string][] => {
  const name = encodeURIComponent(workspace.value);
  return [
    ["Home", "/", ""],
    ["Experiments", `/experiments/${name}`, ""],
    ["Runs", `/runs/${name}`, ""],
    ["Sweeps", `/sweeps/${name}`, ""],
    ["Pipelines", `/pipelines/${name}`, ""],
    ["Models", `/models/${name}`, ""],
    ["Endpoints", `/endpoints/${name}`, ""],
    ["Queue", `/queue/${name}`, "apart"],
    ["Compute", `/compute/${name}`, ""],
    ["Environments", `/environments/${name}`, ""],
    ["Datasets", `/datasets/${name}`, ""],
    ["Datastores", `/datastores/${name}`, ""],
    ["People", "/people", "apart"],
    ["Storage", "/storage", ""],
    ["Settings", "/settings", ""],
    ["About", "/about", ""],
  ];
});

/** The entries of the navigation. */
export const titles = () => shown.value;
