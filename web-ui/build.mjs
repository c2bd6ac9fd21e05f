/* Builds crates/web/assets: everything a page loads, in files named by a hash of their content, so that browsers can cache
   them forever. assets.json maps plain names to hashed ones for the server. The output is committed, so that cargo needs no
   Node; the same sources always give the same bytes. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import subsetFont from "subset-font";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../crates/web/assets");
const modules = join(here, "node_modules");
const assets = {};

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

await bundleAll(await subsetInter());
await writeHashed("icons.svg", await sprite());
await writeHashed("favicon.svg", minifySvg(await read("art/favicon.svg")));
await writeHashed("licenses.txt", await licenses());
await writeFile(join(out, "assets.json"), JSON.stringify(Object.fromEntries(Object.entries(assets).sort()), null, 2) + "\n");
await printSizes();

/* Charts first: app.js imports them by their hashed name. */
async function bundleAll(inter) {
  await bundleEntry("src/charts/index.ts", "charts", []);
  await bundleEntry("src/app.ts", "app", [
    withoutEval(),
    {
      name: "charts",
      setup({ onResolve }) {
        onResolve({ filter: /^\.\/charts$/ }, () => ({ path: `./${assets["charts.js"]}`, external: true }));
      },
    },
  ]);
  await bundleEntry("styles/app.css", "app", [
    {
      name: "inter",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /inter\.woff2$/ }, () => ({ path: "inter.woff2", namespace: "font" }));
        onLoad({ filter: /.*/, namespace: "font" }, () => ({ contents: inter, loader: "file" }));
      },
    },
  ]);
}

async function bundleEntry(entry, name, plugins) {
  const { metafile } = await build({
    absWorkingDir: here,
    entryPoints: [{ in: entry, out: name }],
    outdir: out,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    plugins,
  });
  for (const path of Object.keys(metafile.outputs)) assets[basename(path).replace(/-[A-Z0-9]{8}(?=\.)/, "")] = basename(path);
}

/* Inter's Latin letters, digits, and punctuation, in the weights and optical sizes that the tokens use, with kerning and
   tabular figures: half the size of the package's file. */
function subsetInter() {
  const letters = [charRange(0x20, 0x7e), charRange(0xa0, 0xff), "ıŒœ‐‑–—‘’‚“”„•…‹›€™←↑→↓−×′"].join("");
  return readFile(join(modules, "@fontsource-variable/inter/files/inter-latin-opsz-normal.woff2")).then((whole) =>
    subsetFont(whole, letters, {
      targetFormat: "woff2",
      keepFeatures: ["kern", "tnum", "ccmp"],
      variationAxes: { wght: { min: 400, max: 600 }, opsz: { min: 14, max: 32 } },
      noHinting: true,
    }),
  );
}

function charRange(from, to) {
  return Array.from({ length: to - from + 1 }, (_, at) => String.fromCodePoint(from + at)).join("");
}

/* The content security policy forbids eval, and a direct eval would keep esbuild from shortening names: remove it from htmx. */
function withoutEval() {
  return {
    name: "without-eval",
    setup({ onLoad }) {
      onLoad({ filter: /htmx\.esm\.js$/ }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        const without = source
          .replace("return eval(str)", "return undefined")
          .replace("func = new Function('event', code)", "return");
        if (/\beval\(str\)|new Function/.test(without))
          throw new Error("htmx uses eval in a place that this build does not patch");
        return { contents: without, loader: "js" };
      });
    },
  };
}

async function sprite() {
  const names = (await readdir(join(here, "icons"))).filter((name) => name.endsWith(".svg")).sort();
  const symbols = [symbol("mark", await read("art/mark.svg"))];
  for (const name of names) symbols.push(symbol(name.slice(0, -4), await read(`icons/${name}`)));
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

function symbol(name, svg) {
  const [, attributes, inside] = minifySvg(svg).match(/^<svg xmlns="[^"]*" ([^>]*)>(.*)<\/svg>$/s);
  return `<symbol id="i-${name}" ${attributes}>${inside}</symbol>`;
}

function minifySvg(svg) {
  return svg.replace(/>\s+</g, "><").replace(/ \/>/g, "/>").trim();
}

async function licenses() {
  const parts = [
    ["Apache ECharts", "echarts/NOTICE", "echarts/LICENSE"],
    ["ZRender", "zrender/LICENSE"],
    ["tslib", "tslib/LICENSE.txt"],
    ["htmx", "htmx.org/LICENSE"],
    ["Inter", "@fontsource-variable/inter/LICENSE"],
    ["Lucide icons", join(here, "icons/LICENSE")],
  ];
  const texts = parts.map(async ([title, ...files]) => {
    const bodies = await Promise.all(files.map((file) => readFile(file.startsWith("/") ? file : join(modules, file), "utf8")));
    return `== ${title}\n\n${bodies.map((body) => body.trim()).join("\n\n")}\n`;
  });
  return (await Promise.all(texts)).join("\n");
}

async function writeHashed(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  assets[name] = name.replace(/(?=\.\w+$)/, `-${hash}`);
  await writeFile(join(out, assets[name]), content);
}

function read(path) {
  return readFile(join(here, path), "utf8");
}

async function printSizes() {
  for (const [name, file] of Object.entries(assets).sort()) {
    const bytes = await readFile(join(out, file));
    const sent = name.endsWith(".woff2") ? bytes.length : brotliCompressSync(bytes).length;
    console.log(`${file.padEnd(24)} ${String(bytes.length).padStart(8)} bytes, ${String(sent).padStart(7)} sent`);
  }
}
