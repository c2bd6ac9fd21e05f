/* Every page works without this script; it only makes pages faster to use. Each module listens on the document, so that
   markup swapped in by a refresh needs no wiring. */
import "./htmx-config";
import "./preserve-state";
import "./live-updates";
import "./theme-switch";
import "./menus";
import "./keyboard-shortcuts";
import "./relative-time";
import "./share";
import "./forms";
import "./candidate-drawer";
import "./search-suggestions";
import "./weekly-call";
import "./calendar-navigation";

/* ECharts is large, and most of a page does not need it: load it with the first chart, then keep it. */
let draw: (() => void) | undefined;

const drawCharts = async () => {
  if (!document.querySelector("[data-chart]")) return;
  if (!draw) {
    const charts = await import("./charts");
    await new Promise((resolve) => setTimeout(resolve)); // evaluating ECharts was one task; drawing is another
    draw = charts.draw;
  }
  draw();
};

document.addEventListener("htmx:afterSwap", () => (draw ? draw() : void drawCharts()));
void drawCharts();
