import { render } from "preact";
import { App } from "./app";
import "./style.css";
import { tall } from "./ui/density";

const shade = localStorage.getItem("runyard-shade");
if (shade) document.documentElement.dataset["shade"] = shade;
tall.subscribe((high) => document.documentElement.style.setProperty("--row", `${high}px`));
render(<App />, document.getElementById("app") as HTMLElement);
