/* How a chart looks: spec and size in, ECharts options out. */
import type { EChartsCoreOption } from "echarts/core";
import { bars, columns } from "./chart-bars";
import { sankey } from "./chart-flows";
import { lines } from "./chart-line";
import { font, type Size } from "./chart-parts";
import type { ChartSpec } from "./chart-spec";
import { waterfall } from "./chart-waterfall";

/** What the figure and the style sheet say of a plot: whether a waterfall lies down here, and where its axis starts. */
export interface Plot {
  lies: boolean;
  from: number;
}

export function looks(spec: ChartSpec, size: Size, plot: Plot): EChartsCoreOption {
  return { animation: false, textStyle: font, ...kind(spec, size, plot) };
}

function kind(spec: ChartSpec, size: Size, plot: Plot): EChartsCoreOption {
  switch (spec.kind) {
    case "bars":
      return bars(spec, size);
    case "line":
      return lines(spec, size);
    case "waterfall":
      return waterfall(spec, size, plot);
    case "sankey":
      return sankey(spec, size);
    default:
      return columns(spec, size);
  }
}
