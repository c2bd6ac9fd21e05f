/* Every page works without this file; it only makes them quicker to use. Each module listens on the document, so that
   what a refresh swaps in needs no wiring. */
import "./refresh";
import "./keep";
import "./live";
import "./theme";
import "./menus";
import "./keys";
import "./times";
import "./share";
import "./forms";
import "./drawer";
import "./find";
import "./call";

/* ECharts is heavy and most of a page does not need it: it comes when a chart is on the page, then stays. */
let draw: (() => void) | undefined;

const drawCharts = async () => {
  if (!document.querySelector("[data-chart]")) return;
  if (!draw) {
    const charts = await import("./charts");
    await new Promise((then) => setTimeout(then)); // what came has been read; drawing is a task of its own
    draw = charts.draw;
  }
  draw();
};

document.addEventListener("htmx:afterSwap", () => (draw ? draw() : void drawCharts()));
void drawCharts();
