/* Draws every [data-chart] of the page, tells what is under the pointer, and goes where it leads. The numbers are in the page's
   tables too, which is the keyboard's way. CRM text enters only as text. */
import { BarChart, LineChart } from "echarts/charts";
import { GridSimpleComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { looks } from "./chart-looks";
import { exact, ownAddress, soFar, type ChartSpec } from "./chart-spec";

use([BarChart, LineChart, GridSimpleComponent, SVGRenderer]);

interface Drawn {
  chart: EChartsType;
  spec: ChartSpec;
  source: string;
}

const drawn = new Map<HTMLElement, Drawn>();
const resized = new ResizeObserver((entries) => entries.forEach((entry) => drawOne(entry.target as HTMLElement)));

export function draw() {
  for (const [plot, { chart }] of drawn) {
    if (plot.isConnected) continue;
    resized.unobserve(plot);
    chart.dispose();
    drawn.delete(plot);
  }
  for (const plot of document.querySelectorAll<HTMLElement>("[data-chart]")) {
    drawOne(plot);
    resized.observe(plot);
  }
}

/* Labels are measured, so they are measured again in the font that arrives late. */
if (document.fonts.status !== "loaded") void document.fonts.ready.then(() => drawn.forEach((_, plot) => paint(plot)));

function drawOne(plot: HTMLElement) {
  const source = plot.dataset.chart!;
  const was = drawn.get(plot);
  if (!plot.clientWidth || !plot.clientHeight) return;
  if (was?.source === source && was.chart.getWidth() === plot.clientWidth && was.chart.getHeight() === plot.clientHeight) return;
  const spec = JSON.parse(source) as ChartSpec;
  if (was) Object.assign(was, { spec, source });
  else {
    drawn.set(plot, { chart: init(plot, null, { renderer: "svg" }), spec, source });
    listen(plot);
  }
  paint(plot);
}

function paint(plot: HTMLElement) {
  const { chart, spec } = drawn.get(plot)!;
  const size = { width: plot.clientWidth, height: plot.clientHeight };
  chart.resize(size);
  chart.setOption(looks(spec, size), { notMerge: true });
  plot.querySelector("svg")?.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`); // so that paper can shrink it
}

function listen(plot: HTMLElement) {
  const { chart } = drawn.get(plot)!;
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  tip.setAttribute("aria-hidden", "true");
  plot.append(tip);
  chart.getZr().on("mousemove", ({ offsetX, offsetY }) => {
    const datum = under(plot, offsetX, offsetY);
    chart.getZr().setCursorStyle(datum && ownAddress(datum.href) ? "pointer" : "default");
    tip.hidden = !datum;
    if (!datum) return;
    tip.replaceChildren(...tell(drawn.get(plot)!.spec, datum));
    tip.style.left = `${Math.max(0, Math.min(offsetX + 14, plot.clientWidth - tip.offsetWidth))}px`;
    tip.style.top = `${Math.max(-8, offsetY - tip.offsetHeight - 12)}px`;
  });
  chart.getZr().on("globalout", () => (tip.hidden = true));
  chart.getZr().on("click", ({ offsetX, offsetY, event }) => {
    const address = ownAddress(under(plot, offsetX, offsetY)?.href);
    if (!address) return;
    const { ctrlKey, metaKey } = event as unknown as MouseEvent;
    if (ctrlKey || metaKey) open(address, "_blank", "noopener");
    else location.assign(address);
  });
}

/** The whole band of a datum answers, its label too. */
function under(plot: HTMLElement, x: number, y: number) {
  const { chart, spec } = drawn.get(plot)!;
  const at = spec.kind === "bars" ? chart.convertFromPixel({ yAxisIndex: 0 }, y) : chart.convertFromPixel({ xAxisIndex: 0 }, x);
  return spec.data[Number(at)] ?? null;
}

function tell(spec: ChartSpec, datum: ChartSpec["data"][number]): Node[] {
  const row = (name: string, value: number | null | undefined, open: boolean) => {
    const line = document.createElement("p");
    const number = document.createElement("b");
    number.textContent = value == null ? "not known" : open ? soFar(datum, exact(value, spec.unit)) : exact(value, spec.unit);
    line.append(name, number);
    return line;
  };
  const head = document.createElement("b");
  head.textContent = datum.title ?? datum.label;
  return [head, row(spec.series, datum.value, true), ...(spec.previous ? [row(spec.previous, datum.previous, false)] : [])];
}
