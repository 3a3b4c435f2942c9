"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const log = document.getElementById("log");
  const shown = data.runs.map(() => true);
  const drawn = new Set();

  // plotly.js reads a few tags in texts; a name is a text without any.
  const literal = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function traces(panel) {
    const found = [];
    for (const line of panel.lines) {
      const run = data.runs[line.run];
      const stroke = { color: run.colour, dash: run.dash, width: 1.8 };
      const both = { type: "scatter", mode: mode(line), meta: line.run, connectgaps: false };
      if (line.raw) {
        const faint = { line: { ...stroke, width: 1 }, opacity: 0.25, hoverinfo: "skip" };
        found.push({ ...both, ...faint, x: line.raw.x, y: line.raw.y });
      }
      found.push({
        ...both, x: line.x, y: line.y, line: stroke, name: literal(run.label),
        hovertemplate: "%{y}<extra>%{fullData.name}</extra>",
      });
    }
    return found.map((trace) => ({ ...trace, visible: shown[trace.meta] }));
  }

  // A point with a gap on both sides makes no line.
  function mode(line) {
    const isAlone = (y, at) => y !== null && (line.y[at - 1] ?? null) === null && (line.y[at + 1] ?? null) === null;
    return line.y.length < 30 || line.y.some(isAlone) ? "lines+markers" : "lines";
  }

  function look() {
    const axis = {
      gridcolor: colour("--grid"), linecolor: colour("--edge"), zerolinecolor: colour("--edge"),
      automargin: true,
    };
    return {
      height: data.height, showlegend: false, margin: { l: 48, r: 12, t: 26, b: 40 },
      paper_bgcolor: colour("--paper"), plot_bgcolor: colour("--paper"),
      font: { color: colour("--ink"), family: "system-ui, sans-serif", size: 12 },
      hovermode: data.runs.length > 20 ? "closest" : "x unified",
      hoverlabel: { bgcolor: colour("--paper"), bordercolor: colour("--edge"), namelength: 60 },
      xaxis: { ...axis, title: { text: literal(data.xLabel), standoff: 6 } },
      yaxis: { ...axis, type: log.checked ? "log" : "linear", exponentformat: "power" },
    };
  }

  const config = {
    responsive: true, displaylogo: false, plotlyServerURL: "",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
  };

  function draw(box) {
    drawn.add(box);
    Plotly.newPlot(box, traces(data.panels[box.dataset.panel]), look(), config);
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        seen.unobserve(entry.target);
        draw(entry.target);
      }
    }
  }, { rootMargin: "400px" });

  data.panels.forEach((panel, number) => {
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    caption.textContent = panel.title;
    const box = document.createElement("div");
    box.dataset.panel = number;
    box.style.minHeight = `${data.height}px`;
    figure.append(caption, box);
    document.getElementById("panels").append(figure);
    seen.observe(box);
  });

  function sample(run) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    const dashes = { solid: "", dash: "6 3", dot: "2 2" };
    for (const [key, value] of Object.entries({ width: 20, height: 8 })) svg.setAttribute(key, value);
    const looks = { x1: 0, y1: 4, x2: 20, y2: 4, stroke: run.colour, "stroke-width": 3, "stroke-dasharray": dashes[run.dash] };
    for (const [key, value] of Object.entries(looks)) line.setAttribute(key, value);
    svg.append(line);
    return svg;
  }

  function show() {
    document.querySelectorAll("#runs button").forEach((button, run) => button.setAttribute("aria-pressed", shown[run]));
    for (const box of drawn) Plotly.restyle(box, { visible: box.data.map((trace) => shown[trace.meta]) });
  }

  data.runs.forEach((run, number) => {
    const button = document.createElement("button");
    button.title = "click: hide or show; double click: this one alone, or all";
    button.append(sample(run), document.createTextNode(run.label));
    button.addEventListener("click", () => { shown[number] = !shown[number]; show(); });
    button.addEventListener("dblclick", () => {
      const isAlone = shown.every((is, other) => is === (other === number));
      shown.forEach((_, other) => { shown[other] = isAlone || other === number; });
      show();
    });
    document.getElementById("runs").append(button);
  });
  show();

  log.checked = data.isLog;
  log.addEventListener("change", () => {
    for (const box of drawn) Plotly.relayout(box, { "yaxis.type": log.checked ? "log" : "linear", "yaxis.autorange": true });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const box of drawn) Plotly.relayout(box, look());
  });
})();
