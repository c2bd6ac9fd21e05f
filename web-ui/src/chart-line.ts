/* A line over days. A day that is not known is a gap; what is carried forward or unfinished is dashed. */
import { most } from "./chart-bars";
import { axisEdge, axisText, line, oneLine, scaleFor, tickWords, token, valueAxis, widest, type Size } from "./chart-parts";
import { drawnBefore, short, soFar, type BarSpec, type Datum } from "./chart-spec";

export function lines(spec: BarSpec, { width }: Size) {
  const { data, unit } = spec;
  const scale = scaleFor(unit, most(spec), false);
  const names = data.map((it) => oneLine(it.label));
  const end = data.reduce((last, it, at) => (it.value === null ? last : at), -1);
  const left = widest(tickWords(unit, scale)) + 12;
  const right = Math.max(24, end === data.length - 1 && end > 0 ? widest([endWords(spec, end, width)]) + 16 : 0);
  const every = stride(names, width - left - right);
  const before = spec.previous ? data.map((it) => drawnBefore(it) ?? "-") : [];
  return {
    grid: { left, right, top: 20, bottom: 26, outerBoundsMode: "none" },
    xAxis: {
      type: "category",
      data: names,
      boundaryGap: data.length === 1,
      ...axisEdge,
      axisLabel: { ...axisText, margin: 10, interval: (at: number) => at % every === 0 },
    },
    yAxis: valueAxis(unit, scale),
    series: [
      line(before, token("series-prev"), 1.5, 3),
      ...runs(data).map(({ points, dashed }) => line(points, token("series-1"), 2, 4, dashed)),
      {
        type: "line",
        name: spec.series,
        silent: true,
        z: 5,
        symbol: "circle",
        symbolSize: 7,
        showAllSymbol: true,
        lineStyle: { width: 0 },
        data: data.map((_, at) => (at === end || isAlone(data, at) ? point(spec, at, end, width) : "-")),
      },
    ],
  };
}

interface Run {
  points: [number, number][];
  dashed: boolean;
}

/** Stretches of neighbouring days that are known and drawn alike. */
function runs(data: Datum[]): Run[] {
  const all: Run[] = [];
  data.forEach((datum, at) => {
    const was = data[at - 1];
    if (datum.value === null || !was || was.value === null) return;
    const dashed = !!(datum.open || datum.approximate || was.approximate);
    const last = all.at(-1);
    if (last?.dashed === dashed && last.points.at(-1)![0] === at - 1) last.points.push([at, datum.value]);
    else
      all.push({
        dashed,
        points: [
          [at - 1, was.value],
          [at, datum.value],
        ],
      });
  });
  return all;
}

const isAlone = (data: Datum[], at: number) =>
  data[at]!.value !== null && data[at - 1]?.value == null && data[at + 1]?.value == null;

/** The last known day, named, and days that no line touches. An unfinished one is hollow. */
function point(spec: BarSpec, at: number, end: number, width: number) {
  const { value, open, approximate } = spec.data[at]!;
  const label = {
    show: at === end,
    position: at > 0 && at === spec.data.length - 1 ? "right" : "top",
    distance: 6,
    ...axisText,
    color: token("ink"),
    fontWeight: 600,
    formatter: () => endWords(spec, at, width),
  };
  return {
    value: value!,
    itemStyle: {
      color: token(open || approximate ? "surface" : "series-1"),
      borderColor: token("series-1"),
      borderWidth: 1.75,
      opacity: 1,
    },
    label,
  };
}

function endWords(spec: BarSpec, at: number, width: number) {
  const datum = spec.data[at]!;
  const words = soFar(datum, short(datum.value!, spec.unit));
  return width < 480 ? words.replace(" so far", "\nso far") : words;
}

/** Every how many days one is named: a handful of names, a week or weeks apart where days are many. */
function stride(names: string[], width: number): number {
  const most = Math.max(2, Math.min(7, Math.floor(width / (widest(names) + 20))));
  const every = Math.ceil(names.length / most);
  return every > 4 ? Math.ceil(every / 7) * 7 : Math.max(1, every);
}
