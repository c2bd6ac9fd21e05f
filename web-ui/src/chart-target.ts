/* What is under the pointer: where it leads, and what its tooltip says. CRM text enters only as text. */
import { drawnFlows, nodeAt } from "./chart-flows";
import type { Size } from "./chart-parts";
import {
  before,
  exact,
  noted,
  notKnown,
  signed,
  soFar,
  type BarSpec,
  type ChartSpec,
  type Datum,
  type FlowSpec,
  type StepSpec,
} from "./chart-spec";

export interface Target {
  href: string | null | undefined;
  head: string;
  /** names and what they are */
  rows: [string, string][];
}

/** The whole band of a datum answers, its label too. */
export function ofBand(spec: BarSpec | StepSpec, at: number): Target | null {
  if (spec.kind === "waterfall") {
    const step = spec.data[at];
    if (!step) return null;
    const words = step.value === null ? notKnown : signed(step, exact(step.value, spec.unit));
    return { href: step.href, head: step.title ?? step.label, rows: [[step.total ? spec.series : "Change", words]] };
  }
  const datum = spec.data[at];
  if (!datum) return null;
  const rows: [string, string][] = [[spec.series, valueWords(datum, spec)]];
  if (spec.previous)
    rows.push([spec.previous, datum.previous == null ? notKnown : before(datum, exact(datum.previous, spec.unit))]);
  return { href: datum.href, head: datum.title ?? datum.label, rows };
}

function valueWords(datum: Datum, { unit }: ChartSpec): string {
  if (datum.value === null) return notKnown;
  const words = noted(datum, soFar(datum, exact(datum.value, unit)));
  return datum.approximate ? `${words}, carried forward` : words;
}

export function ofFlow(spec: FlowSpec, at: number): Target | null {
  const flow = drawnFlows(spec)[at];
  if (!flow) return null;
  const [from, to] = [spec.nodes[flow.from]!.label, spec.nodes[flow.to]!.label];
  return { href: flow.href, head: flow.title ?? `${from} → ${to}`, rows: [[spec.series, exact(flow.value, spec.unit)]] };
}

export function ofNode(spec: FlowSpec, size: Size, x: number, y: number): Target | null {
  const found = nodeAt(spec, size, x, y);
  return found ? { href: found.node.href, head: found.node.label, rows: [[spec.series, exact(found.value, spec.unit)]] } : null;
}

export function tell({ head, rows }: Target): HTMLElement[] {
  const title = document.createElement("b");
  title.textContent = head;
  const lines = rows.map(([name, words]) => {
    const line = document.createElement("p");
    const value = document.createElement("b");
    value.textContent = words;
    line.append(name, value);
    return line;
  });
  return [title, ...lines];
}
