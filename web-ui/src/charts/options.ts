/* Turns a spec and a size into ECharts options. */
import type { EChartsCoreOption } from "echarts/core";
import { bars, columns } from "./bars";
import { lines } from "./line";
import { sankey } from "./sankey";
import type { ChartSpec } from "./spec";
import { font, type Size } from "./theme";
import { waterfall, type Layout } from "./waterfall";

export function chartOptions(spec: ChartSpec, size: Size, layout: Layout): EChartsCoreOption {
  return { animation: false, textStyle: font, ...optionsByKind(spec, size, layout) };
}

function optionsByKind(spec: ChartSpec, size: Size, layout: Layout): EChartsCoreOption {
  switch (spec.kind) {
    case "bars":
      return bars(spec, size);
    case "line":
      return lines(spec, size);
    case "waterfall":
      return waterfall(spec, size, layout);
    case "sankey":
      return sankey(spec, size);
    default:
      return columns(spec, size);
  }
}
