import { render } from "preact";
import { App } from "./app";
import "./style.css";

const shade = localStorage.getItem("runyard-shade");
if (shade) document.documentElement.dataset["shade"] = shade;
render(<App />, document.getElementById("app") as HTMLElement);
