/* What is under the pointer: its tooltip and its link. CRM text is only ever inserted as text. */
import { formatExact, unknownText, withNote, withSamePoint, withSign, withSoFar } from "./format";
import { drawnFlows, nodeAt } from "./sankey";
import type { BarSpec, ChartSpec, Datum, SankeySpec, WaterfallSpec } from "./spec";
import type { Size } from "./theme";

export interface Tooltip {
  href: string | null | undefined;
  title: string;
  /** Name and value pairs. */
  rows: [string, string][];
}

/** For bars, lines, and waterfalls. The whole band of a datum responds, including its label. */
export function bandTooltip(spec: BarSpec | WaterfallSpec, i: number): Tooltip | null {
  if (spec.kind === "waterfall") {
    const step = spec.data[i];
    if (!step) return null;
    const value = step.value === null ? unknownText : withSign(step, formatExact(step.value, spec.unit));
    return { href: step.href, title: step.title ?? step.label, rows: [[step.total ? spec.series : "Change", value]] };
  }
  const datum = spec.data[i];
  if (!datum) return null;
  const rows: [string, string][] = [[spec.series, valueText(datum, spec)]];
  if (spec.previous) {
    const previous = datum.previous == null ? unknownText : withSamePoint(datum, formatExact(datum.previous, spec.unit));
    rows.push([spec.previous, previous]);
  }
  return { href: datum.href, title: datum.title ?? datum.label, rows };
}

function valueText(datum: Datum, { unit }: ChartSpec): string {
  if (datum.value === null) return unknownText;
  const text = withNote(datum, withSoFar(datum, formatExact(datum.value, unit)));
  return datum.approximate ? `${text}, carried forward` : text;
}

export function flowTooltip(spec: SankeySpec, i: number): Tooltip | null {
  const flow = drawnFlows(spec)[i];
  if (!flow) return null;
  const [from, to] = [spec.nodes[flow.from]!.label, spec.nodes[flow.to]!.label];
  return { href: flow.href, title: flow.title ?? `${from} → ${to}`, rows: [[spec.series, formatExact(flow.value, spec.unit)]] };
}

export function nodeTooltip(spec: SankeySpec, size: Size, x: number, y: number): Tooltip | null {
  const found = nodeAt(spec, size, x, y);
  if (!found) return null;
  return { href: found.node.href, title: found.node.label, rows: [[spec.series, formatExact(found.value, spec.unit)]] };
}

export function renderTooltip({ title, rows }: Tooltip): HTMLElement[] {
  const heading = document.createElement("b");
  heading.textContent = title;
  const lines = rows.map(([name, text]) => {
    const line = document.createElement("p");
    const value = document.createElement("b");
    value.textContent = text;
    line.append(name, value);
    return line;
  });
  return [heading, ...lines];
}

/** The absolute URL of a link within this site, else null: CRM text must not lead anyone elsewhere. */
export function sameOriginUrl(href: string | null | undefined): string | null {
  if (!href?.startsWith("/")) return null;
  const url = new URL(href, location.origin);
  return url.origin === location.origin ? url.href : null;
}
