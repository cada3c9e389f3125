// Draws the charts of live_charts.py; the same chart key always keeps its DOM node, so that
// Plotly.react can keep the reader's zoom.

const INSTANCES = new WeakMap();

export default function ({ data, parentElement }) {
  const instance = INSTANCES.get(parentElement) ?? created(parentElement);
  instance.data = data;
  plotly(data.plotly_url).then(
    () => draw(instance),
    () => showFailure(instance),
  );
  return () => removed(parentElement, instance);
}

function created(parentElement) {
  const root = parentElement.querySelector(".live-charts");
  const grid = document.createElement("div");
  grid.className = "live-charts-grid";
  root.replaceChildren(grid);
  const instance = { root, grid, cards: new Map(), alive: true };
  // Also fires when a hidden tab or expander opens: charts cannot be drawn without a width.
  instance.observer = new ResizeObserver(() => {
    if (grid.clientWidth !== instance.width) requestAnimationFrame(() => draw(instance));
  });
  instance.observer.observe(grid);
  INSTANCES.set(parentElement, instance);
  return instance;
}

function removed(parentElement, instance) {
  instance.alive = false;
  instance.observer.disconnect();
  clearTimeout(instance.retry);
  for (const card of instance.cards.values()) purge(card);
  instance.root.replaceChildren();
  INSTANCES.delete(parentElement);
}

// One script tag per page, whatever the number of grids; a failure may be tried again.
function plotly(url) {
  if (window.Plotly) return Promise.resolve();
  window.adaptmllmPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => (window.Plotly ? resolve() : reject());
    script.onerror = () => {
      script.remove();
      reject();
    };
    document.head.append(script);
  });
  window.adaptmllmPlotly.catch(() => delete window.adaptmllmPlotly);
  return window.adaptmllmPlotly;
}

function showFailure(instance) {
  if (!instance.alive) return;
  const note = document.createElement("p");
  note.className = "live-charts-note";
  note.setAttribute("role", "alert");
  note.textContent = "The charts cannot be shown because plotly.js did not load.";
  instance.grid.replaceChildren(note);
  instance.cards.clear();
}

function draw(instance) {
  clearTimeout(instance.retry);
  const { grid, cards, data } = instance;
  if (!instance.alive || !window.Plotly || !grid.clientWidth) return;
  // Redrawing under a held mouse button moves the view a second time by what was panned so far.
  if ([...cards.values()].some((card) => card.plot._dragging)) {
    instance.retry = setTimeout(() => draw(instance), 100);
    return;
  }
  instance.width = grid.clientWidth;
  arrange(grid, cards, data.charts);
  const theme = themeOf(grid);
  for (const chart of data.charts) drawChart(cards.get(chart.key), chart, theme);
}

// Drawing ends later than the call: what was purged before that would be read then.
function purge(card) {
  const end = () => window.Plotly?.purge(card.plot);
  card.drawn.then(end, end);
}

function arrange(grid, cards, charts) {
  const keys = new Set(charts.map((chart) => chart.key));
  for (const [key, card] of cards) {
    if (keys.has(key)) continue;
    purge(card);
    card.element.remove();
    cards.delete(key);
  }
  charts.forEach((chart, index) => {
    if (!cards.has(chart.key)) cards.set(chart.key, newCard());
    const { element } = cards.get(chart.key);
    if (grid.children[index] !== element) grid.insertBefore(element, grid.children[index] ?? null);
  });
  while (grid.children.length > charts.length) grid.lastChild.remove();
}

function newCard() {
  const element = document.createElement("div");
  element.className = "live-charts-card";
  const plot = document.createElement("div");
  plot.className = "live-charts-plot";
  plot.setAttribute("role", "figure");
  const note = document.createElement("p");
  note.className = "live-charts-note";
  const title = document.createElement("strong");
  const text = document.createElement("span");
  text.textContent = "No data yet";
  note.append(title, text);
  element.append(plot, note);
  return { element, plot, note, title, drawn: Promise.resolve() };
}

function drawChart(card, chart, theme) {
  const isEmpty = chart.series.every((series) => series.y.every((y) => y === null));
  card.title.textContent = chart.title;
  card.note.hidden = !isEmpty;
  card.plot.hidden = isEmpty;
  if (isEmpty) return;
  card.plot.setAttribute("aria-label", spoken(chart));
  card.drawn = window.Plotly.react(
    card.plot,
    traces(chart, theme),
    layout(chart, theme, card.plot),
    config(chart),
  );
}

function spoken(chart) {
  const last = chart.series.flatMap((series) => {
    const index = series.y.findLastIndex((y) => y !== null);
    return index < 0 ? [] : [`${series.name} ${series.y[index]} at ${chart.x_title} ${series.x[index]}`];
  });
  const baseline = chart.baseline === null ? [] : [`${chart.baseline_name} ${chart.baseline}`];
  const band = chart.bands.length ? [`last phase ${chart.bands.at(-1).label}`] : [];
  return `${chart.title}: ${[...last, ...baseline, ...band].join("; ")}`;
}

function traces(chart, theme) {
  const lines = chart.series.map((series, index) =>
    trace(series, theme.colors[index % theme.colors.length], chart.stacked));
  return chart.bands.length ? [...lines, bandNames(chart)] : lines;
}

// Unseen, but the hover label tells it: the colour of a band alone must not carry its meaning.
function bandNames({ series: [{ x, y }], bands }) {
  return {
    type: "scatter",
    uid: "bands",
    name: "phase",
    x,
    y,
    customdata: x.map((value) => plain(bands.find((band) => value <= band.x1)?.label ?? "")),
    hovertemplate: "%{customdata}",
    opacity: 0,
    mode: "lines",
    showlegend: false,
  };
}

function trace(series, color, isStacked) {
  return {
    type: "scatter",
    // By uid a hidden line stays hidden; plotly.js uses it as a CSS class, so no name as it is.
    uid: `s${[...series.name].map((c) => c.codePointAt(0).toString(16)).join("-")}`,
    name: plain(series.name),
    mode: series.symbol ? "lines+markers" : "lines",
    x: series.x,
    y: series.y,
    line: { color, width: 2, dash: series.dash },
    marker: { color, size: 7, symbol: series.symbol || "circle" },
    cliponaxis: false,
    // Long series are thinned each for itself, so that their points do not stand above each other.
    ...(isStacked ? { stackgroup: "sum", stackgaps: "interpolate" } : {}),
  };
}

function layout(chart, theme, plot) {
  const x = chart.series.flatMap((series) => series.x);
  const y = chart.series.flatMap((series) => series.y);
  const axis = {
    gridcolor: theme.border,
    linecolor: theme.border,
    zeroline: false,
    automargin: true,
    ticks: "outside",
    ticklen: 4,
    tickcolor: "rgba(0,0,0,0)",
  };
  return {
    uirevision: chart.key,
    width: plot.clientWidth,
    height: plot.clientHeight,
    title: { text: plain(chart.title), font: { size: 14, weight: 600 },
      xref: "container", x: 0, xanchor: "left", yref: "container", y: 1, yanchor: "top",
      pad: { l: 8, t: 10 } },
    margin: { l: 48, r: 12, t: chart.bands.length ? 60 : 36, b: 40 },
    font: { family: theme.font, size: 12, color: theme.text },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    colorway: theme.colors,
    // A finger that drags over a chart wants to scroll the page; the toolbar still offers zoom.
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    hovermode: "x unified",
    hoverlabel: { bgcolor: theme.background, bordercolor: theme.border,
      font: { color: theme.text } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.text, activecolor: theme.primary },
    showlegend: chart.series.length > 1 || chart.bands.length > 0,
    legend: { orientation: "h", x: 0, yref: "container", y: 0, yanchor: "bottom",
      bgcolor: "rgba(0,0,0,0)" },
    // That of the bands, below the title. A click must not hide a band: the next refresh shows it.
    legend2: { orientation: "h", x: 0, yref: "container", y: 1 - 30 / plot.clientHeight,
      yanchor: "top", bgcolor: "rgba(0,0,0,0)", font: { size: 11 }, itemwidth: 30,
      itemclick: false, itemdoubleclick: false },
    xaxis: { ...axis, title: { text: plain(chart.x_title), standoff: 6 },
      exponentformat: "none", separatethousands: true, hoverformat: ",.7~g",
      rangemode: x.every((value) => value >= 0) ? "nonnegative" : "normal",
      unifiedhovertitle: { text: `${plain(chart.x_title)} %{x}` } },
    yaxis: { ...axis, title: { text: plain(chart.y_title), standoff: 6 },
      // 12k but 5e-5: by default plotly.js writes a learning rate as 50\u03bc.
      exponentformat: y.every((value) => Math.abs(value) < 1e-3) ? "e" : "B",
      hoverformat: ".5~g", rangemode: chart.from_zero ? "tozero" : "normal",
      ...(chart.log_y ? { type: "log", nticks: 5 } : { type: "linear" }) },
    ...decoration(chart, theme),
  };
}

function decoration(chart, theme) {
  const { shapes, annotations } = baseline(chart, theme);
  return { shapes: [...bands(chart, theme), ...shapes], annotations };
}

function bands(chart, theme) {
  const named = new Set();
  return chart.bands.map((band) => {
    const isFirst = !named.has(band.label);
    named.add(band.label);
    const color = theme.colors.at(-1 - (band.shade % theme.colors.length));
    return { type: "rect", layer: "below", xref: "x", x0: band.x0, x1: band.x1,
      yref: "y domain", y0: 0, y1: 1, fillcolor: color, opacity: 0.2, line: { width: 0 },
      name: plain(band.label), showlegend: isFirst, legend: "legend2" };
  });
}

function baseline(chart, theme) {
  const value = chart.baseline;
  if (value === null || (chart.log_y && value <= 0)) return { shapes: [], annotations: [] };
  const shape = { type: "line", layer: "below", xref: "x domain", x0: 0, x1: 1, yref: "y",
    y0: value, y1: value, line: { color: theme.text, width: 1.5, dash: "dash" } };
  // Unlike shapes, annotations on a logarithmic axis are placed by exponent.
  const label = { text: plain(`${chart.baseline_name} ${value}`.trim()), showarrow: false,
    xref: "x domain", x: 1, xanchor: "right",
    yref: "y", y: chart.log_y ? Math.log10(value) : value, yanchor: "bottom", yshift: 1,
    borderpad: 1, bgcolor: theme.background, opacity: 0.85, font: { size: 11 } };
  return { shapes: [shape], annotations: [label] };
}

function config(chart) {
  return {
    displaylogo: false,
    showTips: false,
    doubleClick: "autosize",
    modeBarButtons: [["zoom2d", "pan2d", "autoScale2d", "toImage"]],
    toImageButtonOptions: { format: "png", scale: 2, filename: chart.key },
  };
}

// Colours must be read out: plotly.js does not understand var(--name).
function themeOf(element) {
  const style = getComputedStyle(element);
  const value = (name) => style.getPropertyValue(`--st-${name}`).trim();
  return {
    text: value("text-color"),
    background: value("background-color"),
    border: value("border-color"),
    primary: value("primary-color"),
    font: value("font"),
    colors: value("chart-categorical-colors").split(/,(?![^(]*\))/).map((color) => color.trim()),
  };
}

// plotly.js reads <b> and &amp; in texts; names are meant literally.
function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
