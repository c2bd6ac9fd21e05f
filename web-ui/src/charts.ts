/* Draws every [data-chart] of the page, tells what is under the pointer, and goes where it leads. The numbers are in the page's
   tables too, which is the keyboard's way. */
import { BarChart, LineChart, SankeyChart } from "echarts/charts";
import { GridSimpleComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { looks } from "./chart-looks";
import { ownAddress, type ChartSpec } from "./chart-spec";
import { ofBand, ofFlow, ofNode, tell, type Target } from "./chart-target";

use([BarChart, LineChart, SankeyChart, GridSimpleComponent, SVGRenderer]);

interface Drawn {
  chart: EChartsType;
  spec: ChartSpec;
  source: string;
  lies: boolean;
  /** the flow under the pointer */
  flow: number | null;
}

const drawn = new Map<HTMLElement, Drawn>();
const resized = new ResizeObserver((entries) => entries.forEach((entry) => drawOne(entry.target as HTMLElement)));

/* Drawing takes long on a phone, so that a chart is drawn when it comes near the view, and the others one by one when there is nothing
   else to do. The first is drawn at once: who opens a page wants one. */
const near = new IntersectionObserver(
  (entries) => entries.forEach((entry) => entry.isIntersecting && begin(entry.target as HTMLElement)),
  { rootMargin: "300px 0px" },
);
const far = new Set<HTMLElement>();
const idle =
  "requestIdleCallback" in window
    ? (then: () => void) => requestIdleCallback(then, { timeout: 2_000 })
    : (then: () => void) => setTimeout(then, 200);

export function draw() {
  for (const [plot, { chart }] of drawn) {
    if (plot.isConnected) continue;
    resized.unobserve(plot);
    chart.dispose();
    drawn.delete(plot);
  }
  near.disconnect();
  far.clear();
  const plots = [...document.querySelectorAll<HTMLElement>("[data-chart]")];
  const first = drawn.size ? null : plots.find(hasRoom);
  for (const plot of plots) {
    if (plot === first || drawn.has(plot)) begin(plot);
    else {
      far.add(plot);
      near.observe(plot);
    }
  }
  void document.fonts.ready.then(() => idle(drawFar)); // in a font that comes later they would be drawn twice
}

function begin(plot: HTMLElement) {
  near.unobserve(plot);
  far.delete(plot);
  drawOne(plot);
  resized.observe(plot);
}

/* What is folded away has no room yet, and waits to be opened. */
function drawFar() {
  const [plot] = [...far].filter(hasRoom);
  if (!plot) return;
  begin(plot);
  idle(drawFar);
}

/* Paper has no view that a chart could come near. */
addEventListener("beforeprint", () => document.querySelectorAll<HTMLElement>("[data-chart]").forEach(begin));

/* Labels are measured, so they are measured again in the font that arrives late. */
document.fonts.addEventListener("loadingdone", () =>
  drawn.forEach((_, plot) => setTimeout(() => drawn.has(plot) && paint(plot))),
);

function drawOne(plot: HTMLElement) {
  const source = plot.dataset.chart!;
  const was = drawn.get(plot);
  if (!hasRoom(plot)) return;
  if (was?.source === source && was.chart.getWidth() === plot.clientWidth && was.chart.getHeight() === plot.clientHeight) return;
  const spec = JSON.parse(source) as ChartSpec;
  if (was) Object.assign(was, { spec, source });
  else {
    drawn.set(plot, { chart: init(plot, null, { renderer: "svg" }), spec, source, lies: false, flow: null });
    listen(plot);
  }
  paint(plot);
}

function paint(plot: HTMLElement) {
  const here = drawn.get(plot)!;
  const { chart, spec } = here;
  const size = sizeOf(plot);
  here.lies = getComputedStyle(plot).getPropertyValue("--lies").trim() === "1"; // the style sheet gives what lies its height
  here.flow = null;
  chart.resize(size);
  chart.setOption(looks(spec, size, { lies: here.lies, from: Number(plot.dataset.axisFrom ?? 0) }), { notMerge: true });
  plot.querySelector("svg")?.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`); // so that paper can shrink it
}

const hasRoom = (plot: HTMLElement) => plot.clientWidth > 0 && plot.clientHeight > 0;

const sizeOf = (plot: HTMLElement) => ({ width: plot.clientWidth, height: plot.clientHeight });

function listen(plot: HTMLElement) {
  const here = drawn.get(plot)!;
  const { chart } = here;
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  tip.setAttribute("aria-hidden", "true");
  const spot = Object.assign(document.createElement("i"), { className: "spot", hidden: true });
  plot.append(spot, tip);
  chart.on("mousemove", ({ dataType, dataIndex }) => void (here.flow = dataType === "edge" ? dataIndex : null));
  chart.on("mouseout", () => void (here.flow = null));
  chart.getZr().on("mousemove", ({ offsetX, offsetY }) => {
    const target = under(plot, offsetX, offsetY);
    chart.getZr().setCursorStyle(target && ownAddress(target.href) ? "pointer" : "default");
    tip.hidden = !target;
    mark(spot, plot, offsetX);
    if (!target) return;
    tip.replaceChildren(...tell(target));
    tip.style.left = `${Math.max(0, Math.min(offsetX + 14, plot.clientWidth - tip.offsetWidth))}px`;
    tip.style.top = `${Math.max(-8, offsetY - tip.offsetHeight - 12)}px`;
  });
  chart.getZr().on("globalout", () => (tip.hidden = spot.hidden = true));
  chart.getZr().on("click", ({ offsetX, offsetY, event }) => {
    const address = ownAddress(under(plot, offsetX, offsetY)?.href);
    if (!address) return;
    const { ctrlKey, metaKey } = event as unknown as MouseEvent;
    if (ctrlKey || metaKey) open(address, "_blank", "noopener");
    else location.assign(address);
  });
}

/** Which day of a line the pointer is at. */
function mark(spot: HTMLElement, plot: HTMLElement, x: number) {
  const { chart, spec } = drawn.get(plot)!;
  const at = spec.kind === "line" ? Number(chart.convertFromPixel({ xAxisIndex: 0 }, x)) : -1;
  const value = spec.kind === "line" ? spec.data[at]?.value : null;
  spot.hidden = value == null;
  if (value == null) return;
  const [left, top] = chart.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, [at, value]) as number[];
  spot.style.translate = `${left}px ${top}px`;
}

function under(plot: HTMLElement, x: number, y: number): Target | null {
  const { chart, spec, lies, flow } = drawn.get(plot)!;
  if (spec.kind === "sankey") {
    if (flow !== null) return ofFlow(spec, flow);
    return ofNode(spec, sizeOf(plot), x, y);
  }
  const at =
    spec.kind === "bars" || lies ? chart.convertFromPixel({ yAxisIndex: 0 }, y) : chart.convertFromPixel({ xAxisIndex: 0 }, x);
  return ofBand(spec, Number(at));
}
