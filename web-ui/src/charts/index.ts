/* Draws every [data-chart] on the page, shows a tooltip for what is under the pointer, and follows its link on a click. The
   numbers are in the page's tables too, which serve the keyboard. */
import { BarChart, LineChart, SankeyChart } from "echarts/charts";
import { GridSimpleComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { chartOptions } from "./options";
import type { ChartSpec } from "./spec";
import { bandTooltip, flowTooltip, nodeTooltip, renderTooltip, sameOriginUrl, type Tooltip } from "./tooltip";

use([BarChart, LineChart, SankeyChart, GridSimpleComponent, SVGRenderer]);

interface DrawnChart {
  chart: EChartsType;
  spec: ChartSpec;
  /** The spec's JSON, to notice a change. */
  source: string;
  horizontal: boolean;
  /** The flow under the pointer. */
  flow: number | null;
}

const drawn = new Map<HTMLElement, DrawnChart>();
const resizes = new ResizeObserver((entries) => entries.forEach((entry) => drawOne(entry.target as HTMLElement)));

/* Drawing is slow on a phone. The first chart is drawn at once, since it is what the reader came for; each other one when it
   comes near the viewport, or when the browser is idle. */
const visibility = new IntersectionObserver(
  (entries) => entries.forEach((entry) => entry.isIntersecting && begin(entry.target as HTMLElement)),
  { rootMargin: "300px 0px" },
);
const waiting = new Set<HTMLElement>();
const whenIdle =
  "requestIdleCallback" in window
    ? (task: () => void) => requestIdleCallback(task, { timeout: 2_000 })
    : (task: () => void) => setTimeout(task, 200);

export function draw() {
  for (const [plot, { chart }] of drawn) {
    if (plot.isConnected) continue;
    resizes.unobserve(plot);
    chart.dispose();
    drawn.delete(plot);
  }
  visibility.disconnect();
  waiting.clear();
  const plots = [...document.querySelectorAll<HTMLElement>("[data-chart]")];
  const first = drawn.size ? null : plots.find(hasRoom);
  for (const plot of plots) {
    if (plot === first || drawn.has(plot)) begin(plot);
    else {
      waiting.add(plot);
      visibility.observe(plot);
    }
  }
  void document.fonts.ready.then(() => whenIdle(drawWaiting)); // before the font arrives, they would be drawn twice
}

function begin(plot: HTMLElement) {
  visibility.unobserve(plot);
  waiting.delete(plot);
  drawOne(plot);
  resizes.observe(plot);
}

/* A chart in a collapsed section has no room yet, and waits until the section opens. */
function drawWaiting() {
  const plot = [...waiting].find(hasRoom);
  if (!plot) return;
  begin(plot);
  whenIdle(drawWaiting);
}

/* On paper there is no viewport to come near. */
addEventListener("beforeprint", () => document.querySelectorAll<HTMLElement>("[data-chart]").forEach(begin));

/* Labels are measured, so a font that arrives late means measuring again. */
document.fonts.addEventListener("loadingdone", () =>
  drawn.forEach((_, plot) => setTimeout(() => drawn.has(plot) && render(plot))),
);

function drawOne(plot: HTMLElement) {
  const source = plot.dataset.chart!;
  const existing = drawn.get(plot);
  if (!hasRoom(plot)) return;
  const { chart } = existing ?? {};
  if (existing?.source === source && chart?.getWidth() === plot.clientWidth && chart.getHeight() === plot.clientHeight) return;
  const spec = JSON.parse(source) as ChartSpec;
  if (existing) Object.assign(existing, { spec, source });
  else {
    drawn.set(plot, { chart: init(plot, null, { renderer: "svg" }), spec, source, horizontal: false, flow: null });
    addPointerListeners(plot);
  }
  render(plot);
}

function render(plot: HTMLElement) {
  const state = drawn.get(plot)!;
  const { chart, spec } = state;
  const size = sizeOf(plot);
  /* The style sheet decides, because it also sets the height. */
  state.horizontal = getComputedStyle(plot).getPropertyValue("--horizontal").trim() === "1";
  state.flow = null;
  chart.resize(size);
  const layout = { horizontal: state.horizontal, from: Number(plot.dataset.axisFrom ?? 0) };
  chart.setOption(chartOptions(spec, size, layout), { notMerge: true });
  plot.querySelector("svg")?.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`); // lets print shrink it
}

const hasRoom = (plot: HTMLElement) => plot.clientWidth > 0 && plot.clientHeight > 0;

const sizeOf = (plot: HTMLElement) => ({ width: plot.clientWidth, height: plot.clientHeight });

function addPointerListeners(plot: HTMLElement) {
  const state = drawn.get(plot)!;
  const { chart } = state;
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  tip.setAttribute("aria-hidden", "true");
  const spot = Object.assign(document.createElement("i"), { className: "spot", hidden: true });
  plot.append(spot, tip);
  chart.on("mousemove", ({ dataType, dataIndex }) => void (state.flow = dataType === "edge" ? dataIndex : null));
  chart.on("mouseout", () => void (state.flow = null));
  chart.getZr().on("mousemove", ({ offsetX, offsetY }) => {
    const tooltip = tooltipAt(plot, offsetX, offsetY);
    chart.getZr().setCursorStyle(tooltip && sameOriginUrl(tooltip.href) ? "pointer" : "default");
    tip.hidden = !tooltip;
    markDay(spot, plot, offsetX);
    if (!tooltip) return;
    tip.replaceChildren(...renderTooltip(tooltip));
    tip.style.left = `${Math.max(0, Math.min(offsetX + 14, plot.clientWidth - tip.offsetWidth))}px`;
    tip.style.top = `${Math.max(-8, offsetY - tip.offsetHeight - 12)}px`;
  });
  chart.getZr().on("globalout", () => (tip.hidden = spot.hidden = true));
  chart.getZr().on("click", ({ offsetX, offsetY, event }) => {
    const url = sameOriginUrl(tooltipAt(plot, offsetX, offsetY)?.href);
    if (!url) return;
    const { ctrlKey, metaKey } = event as unknown as MouseEvent;
    if (ctrlKey || metaKey) open(url, "_blank", "noopener");
    else location.assign(url);
  });
}

/** Puts the spot on the line at the pointer's day. */
function markDay(spot: HTMLElement, plot: HTMLElement, x: number) {
  const { chart, spec } = drawn.get(plot)!;
  const i = spec.kind === "line" ? Number(chart.convertFromPixel({ xAxisIndex: 0 }, x)) : -1;
  const value = spec.kind === "line" ? spec.data[i]?.value : null;
  spot.hidden = value == null;
  if (value == null) return;
  const [left, top] = chart.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, [i, value]) as number[];
  spot.style.translate = `${left}px ${top}px`;
}

function tooltipAt(plot: HTMLElement, x: number, y: number): Tooltip | null {
  const { chart, spec, horizontal, flow } = drawn.get(plot)!;
  if (spec.kind === "sankey") return flow === null ? nodeTooltip(spec, sizeOf(plot), x, y) : flowTooltip(spec, flow);
  const isVertical = spec.kind !== "bars" && !horizontal;
  const i = isVertical ? chart.convertFromPixel({ xAxisIndex: 0 }, x) : chart.convertFromPixel({ yAxisIndex: 0 }, y);
  return bandTooltip(spec, Number(i));
}
