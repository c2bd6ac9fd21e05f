/* Totals as full bars, changes floating between them: up is full, down a dashed outline, and the sign is in its label. */
import {
  axisEdge,
  axisText,
  fold,
  line,
  lineHeight,
  scaleFor,
  tickWords,
  token,
  valueAxis,
  widest,
  widestLine,
  type Size,
} from "./chart-parts";
import { notKnown, short, signed, type Step, type StepSpec } from "./chart-spec";

/** Upright, or lying where it is narrow; its axis starts where the figure says that it does. */
export function waterfall(spec: StepSpec, { width, height }: Size, { lies, from }: { lies: boolean; from: number }) {
  const { data, unit } = spec;
  const spans = spansOf(data);
  const ends = spans.flatMap((it) => (it.known ? [it.low, it.high] : []));
  const scale = scaleFor(unit, Math.max(0, ...ends), lies, Math.min(from, ...ends) < 0 ? Math.min(...ends) : from);
  const words = data.map((it) => (it.value === null ? notKnown : signed(it, short(it.value, unit))));
  const slot = (lies ? height - 24 : width - 60) / Math.max(1, data.length);
  const names = data.map((it) => fold(it.label, lies ? width * 0.34 : slot - 6, lies && slot < 2 * lineHeight + 4 ? 1 : 2));
  const two = names.some((it) => it.includes("\n"));
  const side = Math.ceil(widestLine(names)) + 16;
  const right = widest(words) + 12;
  const category = {
    type: "category",
    inverse: lies,
    data: names,
    ...axisEdge,
    axisLabel: {
      ...axisText,
      interval: 0,
      ...(lies ? { color: token("ink"), margin: side - 2, align: "left" } : { margin: 10 }),
    },
  };
  const value = valueAxis(unit, scale, lies ? (width - side - right) / (scale.ticks.length - 1) : undefined);
  return {
    grid: lies
      ? { left: side, right, top: 2, bottom: 22, outerBoundsMode: "none" }
      : {
          left: widest(tickWords(unit, scale)) + 12,
          right: 4,
          top: 28,
          bottom: two ? 26 + lineHeight : 26,
          outerBoundsMode: "none",
        },
    xAxis: lies ? value : category,
    yAxis: lies ? category : value,
    series: [
      ...links(spans, lies),
      {
        type: "bar",
        stack: "steps",
        stackStrategy: "all",
        silent: true,
        itemStyle: { color: "transparent" },
        data: spans.map((it) => it.low),
      },
      {
        type: "bar",
        name: spec.series,
        stack: "steps",
        stackStrategy: "all",
        barWidth: "62%",
        barMaxWidth: lies ? 18 : 72,
        silent: true,
        z: 4,
        data: data.map((step, at) => ({
          value: spans[at]!.high - spans[at]!.low,
          itemStyle: paint(step, lies),
          label: {
            show: true,
            position: lies ? "right" : "top",
            distance: 5,
            ...axisText,
            color: token(!step.value ? "ink-3" : "ink"),
            fontWeight: 500,
            formatter: () => words[at]!,
          },
        })),
      },
    ],
  };
}

interface Span {
  low: number;
  high: number;
  /** where the next change starts */
  end: number;
  known: boolean;
}

/** From where to where each step is drawn. What is not known moves nothing, and only its words are drawn. */
function spansOf(steps: Step[]): Span[] {
  let level = 0;
  return steps.map(({ value, total }) => {
    const start = total && value !== null ? 0 : level;
    if (value !== null) level = start + value;
    return { low: Math.min(start, level), high: Math.max(start, level), end: level, known: value !== null };
  });
}

/** From the end of each step to the start of the next that is known. */
function links(spans: Span[], lies: boolean) {
  const known = spans.flatMap((span, at) => (span.known ? [{ at, end: span.end }] : []));
  return known.slice(1).map((to, before) => {
    const { at, end } = known[before]!;
    const points = [
      [at, end],
      [to.at, end],
    ].map(([place, level]) => (lies ? [level, place] : [place, level]));
    return { ...line(points, token("line-control"), 1, 2), lineStyle: { color: token("line-control"), width: 1, type: [1, 3] } };
  });
}

function paint({ value, total }: Step, lies: boolean) {
  if (value === null) return { color: "transparent" };
  if (value === 0) return { color: "transparent", borderColor: token("line-control"), borderWidth: 1.5 };
  if (total) return { color: token("role-qualified"), borderRadius: lies ? [0, 3, 3, 0] : [3, 3, 0, 0] };
  if (value > 0) return { color: token("role-awarded"), borderRadius: 2 };
  return { color: token("surface"), borderColor: token("danger"), borderWidth: 1.5, borderType: [3, 2], borderRadius: 2 };
}
