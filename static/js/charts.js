// Charts of figures. A page describes one in data-chart (JSON); here it is drawn, in the page's own colours.
// Tooltips are rich text: HTML ones write inline styles, which the Content-Security-Policy refuses.
(() => {
  "use strict";
  const drawn = new Map();

  // Colours come from the tokens through classes, so that dark and light need no second definition.
  const colours = () => {
    const probe = document.createElement("i");
    probe.hidden = true;
    document.body.append(probe);
    const found = {};
    for (const name of ["ink", "ink2", "ink3", "line", "accent", "quiet"]) {
      probe.className = `probe-${name}`;
      found[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    return found;
  };

  const percent = (value) =>
    new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 0 }).format(value / 100);
  const tenths = (value) =>
    new Intl.NumberFormat(document.documentElement.lang, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value / 100);
  const text = (colour, more) => ({ color: colour, fontSize: 12, ...more });
  const frame = (c) => ({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: c.ink2 },
    tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: (value) => (value == null ? "–" : percent(value)) },
  });
  const across = (c, more) => ({ axisTick: { show: false }, axisLine: { lineStyle: { color: c.line } }, axisLabel: text(c.ink3), splitLine: { show: false }, ...more });
  const upwards = (c, more) => ({ type: "value", min: 0, axisLine: { show: false }, axisLabel: text(c.ink3, { formatter: percent }), splitLine: { lineStyle: { color: c.line } }, ...more });
  // The top of the axis: the next quarter of a hundred above the highest value.
  const top = (values) => Math.min(100, Math.max(25, Math.ceil(Math.max(0, ...values.filter((value) => value != null)) / 25) * 25));

  const kinds = {
    days(spec, c) {
      const looks = {
        now: { lineStyle: { color: c.accent, width: 2.5 }, itemStyle: { color: c.accent }, label: text(c.accent, { fontWeight: 600 }), z: 3 },
        before: { lineStyle: { color: c.ink3, width: 1.5 }, itemStyle: { color: c.ink3 }, label: text(c.ink2), z: 2 },
        year: { lineStyle: { color: c.ink3, width: 1.2, type: "dotted" }, itemStyle: { color: c.ink3 }, label: text(c.ink2), z: 1 },
      };
      const highest = top(spec.lines.flatMap((line) => line.values));
      return {
        ...frame(c),
        grid: { left: 44, right: 104, top: 12, bottom: 24 },
        xAxis: across(c, { type: "value", min: 1, max: spec.days, interval: spec.days > 8 ? 5 : 1 }),
        yAxis: upwards(c, { max: highest, interval: highest > 50 ? 25 : highest / 4 }),
        series: spec.lines.map((line) => {
          const { label, ...look } = looks[line.role];
          const last = line.values.at(-1);
          return {
            ...look,
            type: "line",
            name: line.name,
            symbol: line.values.length === 1 ? "circle" : "none",
            data: line.values.map((value, day) => [day + 1, value]),
            endLabel: { show: true, distance: 6, formatter: line.role === "now" && last != null ? `${line.name} ${percent(last)}` : line.name, ...label },
            labelLayout: { moveOverlap: "shiftY" },
          };
        }),
      };
    },
    weeks(spec, c) {
      const highest = Math.max(0, ...spec.lines.flatMap((line) => line.values).filter((value) => value != null));
      const looks = [
        { lineStyle: { color: c.accent, width: 2.5 }, itemStyle: { color: c.accent }, label: text(c.accent, { fontWeight: 600 }), z: 3 },
        { lineStyle: { color: c.ink3, width: 1.5, type: "dashed" }, itemStyle: { color: c.ink3 }, label: text(c.ink2), z: 2 },
      ];
      return {
        ...frame(c),
        tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: (value) => (value == null ? "–" : tenths(value)) },
        grid: { left: 44, right: 116, top: 12, bottom: 24 },
        xAxis: across(c, { type: "category", boundaryGap: false, data: spec.labels, axisLabel: text(c.ink3, { hideOverlap: true }) }),
        yAxis: upwards(c, { max: highest ? null : 4, splitNumber: 4 }),
        series: spec.lines.map((line, place) => {
          const { label, ...look } = looks[place];
          return {
            ...look,
            type: "line",
            name: line.name,
            symbol: line.values.length === 1 ? "circle" : "none",
            data: line.values,
            endLabel: { show: true, distance: 6, formatter: `${line.name} ${tenths(line.values.at(-1) ?? 0)}`, ...label },
            labelLayout: { moveOverlap: "shiftY" },
          };
        }),
      };
    },
    months(spec, c) {
      const last = spec.values.length - 1;
      return {
        ...frame(c),
        grid: { left: 8, right: 8, top: 24, bottom: 24 },
        xAxis: across(c, { type: "category", data: spec.labels, axisLabel: text(c.ink3, { interval: 0, hideOverlap: true }) }),
        yAxis: upwards(c, { show: false }),
        series: [{
          type: "bar",
          barMaxWidth: 26,
          data: spec.values.map((value, month) => ({ value, itemStyle: { color: month === last ? c.accent : c.quiet } })),
          itemStyle: { borderRadius: [2, 2, 0, 0] },
          label: { show: true, position: "top", formatter: ({ value }) => (value == null ? "" : percent(value)), ...text(c.ink2) },
          labelLayout: { hideOverlap: true },
        }],
      };
    },
  };

  const draw = (element) => {
    const spec = JSON.parse(element.dataset.chart);
    drawn.get(element)?.dispose();
    const chart = echarts.init(element, null, { renderer: "svg" });
    chart.setOption(kinds[spec.kind](spec, colours()));
    drawn.set(element, chart);
  };
  const drawNew = () => {
    for (const [element, chart] of drawn) {
      if (!element.isConnected) { chart.dispose(); drawn.delete(element); }
    }
    for (const element of document.querySelectorAll("[data-chart]")) {
      if (!drawn.has(element)) draw(element);
    }
  };
  const redraw = () => { for (const element of [...drawn.keys()]) draw(element); };

  drawNew();
  document.addEventListener("htmx:afterSettle", drawNew);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("resize", () => { for (const chart of drawn.values()) chart.resize(); });
})();
