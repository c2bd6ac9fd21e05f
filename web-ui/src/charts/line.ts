/* Line chart over days. An unknown day is a gap; days that are open or carried forward are dashed. */
import { scaleFor, tickLabels, valueAxis } from "./axis";
import { largest } from "./bars";
import { formatShort, oneLine, withSoFar } from "./format";
import { drawnPrevious, type BarSpec, type Datum } from "./spec";
import { widest } from "./text";
import { axisEdge, axisText, lineSeries, token, type Size } from "./theme";

export function lines(spec: BarSpec, { width }: Size) {
  const { data, unit } = spec;
  const scale = scaleFor(unit, largest(spec), false);
  const names = data.map((datum) => oneLine(datum.label));
  const end = data.reduce((last, datum, i) => (datum.value === null ? last : i), -1);
  const left = widest(tickLabels(unit, scale)) + 12;
  const right = Math.max(24, end === data.length - 1 && end > 0 ? widest([endLabel(spec, end, width)]) + 16 : 0);
  const every = labelInterval(names, width - left - right);
  const previous = spec.previous ? data.map((datum) => drawnPrevious(datum) ?? "-") : [];
  return {
    grid: { left, right, top: 20, bottom: 26, outerBoundsMode: "none" },
    xAxis: {
      type: "category",
      data: names,
      boundaryGap: data.length === 1,
      ...axisEdge,
      axisLabel: { ...axisText, margin: 10, interval: (i: number) => i % every === 0 },
    },
    yAxis: valueAxis(unit, scale),
    series: [
      lineSeries(previous, token("series-prev"), 1.5, 3),
      ...segments(data).map(({ points, dashed }) => lineSeries(points, token("series-1"), 2, 4, dashed)),
      {
        type: "line",
        name: spec.series,
        silent: true,
        z: 5,
        symbol: "circle",
        symbolSize: 7,
        showAllSymbol: true,
        lineStyle: { width: 0 },
        data: data.map((_, i) => (i === end || isIsolated(data, i) ? point(spec, i, end, width) : "-")),
      },
    ],
  };
}

interface Segment {
  points: [number, number][];
  dashed: boolean;
}

/** Runs of consecutive known days that share a line style. */
function segments(data: Datum[]): Segment[] {
  const all: Segment[] = [];
  data.forEach((datum, i) => {
    const before = data[i - 1];
    if (datum.value === null || !before || before.value === null) return;
    const dashed = !!(datum.open || datum.approximate || before.approximate);
    const last = all.at(-1);
    if (last?.dashed === dashed && last.points.at(-1)![0] === i - 1) last.points.push([i, datum.value]);
    else
      all.push({
        dashed,
        points: [
          [i - 1, before.value],
          [i, datum.value],
        ],
      });
  });
  return all;
}

const isIsolated = (data: Datum[], i: number) =>
  data[i]!.value !== null && data[i - 1]?.value == null && data[i + 1]?.value == null;

/** A dot for the last known day, with its value, and for days that no segment touches. It is hollow when the value may change. */
function point(spec: BarSpec, i: number, end: number, width: number) {
  const { value, open, approximate } = spec.data[i]!;
  const label = {
    show: i === end,
    position: i > 0 && i === spec.data.length - 1 ? "right" : "top",
    distance: 6,
    ...axisText,
    color: token("ink"),
    fontWeight: 600,
    formatter: () => endLabel(spec, i, width),
  };
  const fill = token(open || approximate ? "surface" : "series-1");
  return { value: value!, itemStyle: { color: fill, borderColor: token("series-1"), borderWidth: 1.75, opacity: 1 }, label };
}

function endLabel(spec: BarSpec, i: number, width: number) {
  const datum = spec.data[i]!;
  const text = withSoFar(datum, formatShort(datum.value!, spec.unit));
  return width < 480 ? text.replace(" so far", "\nso far") : text;
}

/** Label every how many days: at most seven labels, and whole weeks apart when there are many days. */
function labelInterval(names: string[], width: number): number {
  const most = Math.max(2, Math.min(7, Math.floor(width / (widest(names) + 20))));
  const every = Math.ceil(names.length / most);
  return every > 4 ? Math.ceil(every / 7) * 7 : Math.max(1, every);
}
