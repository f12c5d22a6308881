// A Plotly figure on the page: drawn once, then changed in place, in the page's colours.
//
//   const view = new ponder.PlotlyView(element, { source, onClick });   // source: address of plotly.min.js
//   view.show(json);      // fig.to_json() as text; "" empties it; as often as you like: zoom and legend are kept
//   view.destroy();
//
// onClick({curve, name, point, x, y, customdata}) tells of a click on a point. layout.meta.description says in
// words what is drawn. The library comes with the first figure, so that pages without one never wait for it.
// Knows no run. Load after elements.js.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const CONFIG = { displayModeBar: false, displaylogo: false, responsive: false, scrollZoom: false, showTips: false };
  const NOT_LOADED = 'The chart could not be drawn: its library did not load. Reload the page.';
  const AXIS = /^[xy]axis\d*$/;
  let library = null;

  function load(source) {
    library ??= new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = source;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => {
        library = null; // the next figure tries again
        script.remove();
        reject(new Error(NOT_LOADED));
      };
      document.head.append(script);
    });
    return library;
  }

  /** The page's colours and type, under whatever the figure itself asks for. */
  function dressed(layout, element) {
    const style = getComputedStyle(element);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const [ink, soft, line, panel] = ['ink', 'soft', 'line', 'panel'].map(colour);
    const font = { family: style.fontFamily, size: 12, color: ink };
    const axis = {
      gridcolor: line, zerolinecolor: line, linecolor: line, tickcolor: line, automargin: true, tickfont: { color: soft, size: 11.5 },
    };
    const result = {
      autosize: true, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', uirevision: 'kept',
      margin: { l: 8, r: 12, t: 12, b: 8 }, ...layout,
      font: { ...font, ...layout.font },
      hoverlabel: { bgcolor: panel, bordercolor: line, font, align: 'left', ...layout.hoverlabel },
      legend: { bgcolor: 'rgba(0,0,0,0)', ...layout.legend },
    };
    for (const name of new Set(['xaxis', 'yaxis', ...Object.keys(layout).filter((key) => AXIS.test(key))])) {
      const own = layout[name] || {};
      const title = typeof own.title === 'string' ? { text: own.title } : own.title || {};
      result[name] = {
        ...axis, ...own,
        title: { standoff: 10, ...title, font: { color: soft, size: 12, ...title.font } },
        tickfont: { ...axis.tickfont, ...own.tickfont },
      };
    }
    // What is written on the figure is written in the page's ink, unless it has a colour of its own.
    if (layout.annotations) result.annotations = layout.annotations.map((one) => ({ ...one, font: { color: soft, ...one.font } }));
    return result;
  }

  class PlotlyView {
    constructor(element, { source, onClick = null }) {
      this.source = source;
      this.onClick = onClick;
      this.plot = ponder.make('div', 'pv-plot');
      this.alert = ponder.make('p', 'pd-error');
      this.alert.setAttribute('role', 'alert');
      this.alert.hidden = true;
      element.replaceChildren(this.plot, this.alert);
      this.json = '';
      this.isDrawn = false;
      this.themes = new MutationObserver(() => this.draw());
      this.themes.observe(document.body, { attributes: true, attributeFilter: ['class'] });
      this.resizing = new ResizeObserver(() => this.resize());
      this.resizing.observe(this.plot);
    }

    async show(json) {
      if (json === this.json) return;
      this.json = json;
      await this.draw();
    }

    async draw() {
      if (!this.json) {
        if (this.isDrawn) window.Plotly.purge(this.plot);
        this.isDrawn = false;
        return;
      }
      let plotly;
      try {
        plotly = await load(this.source);
      } catch (error) {
        ponder.write(this.alert, error.message);
        ponder.reveal(this.alert, true);
        return;
      }
      ponder.reveal(this.alert, false);
      if (!this.json || !this.plot.isConnected) return;
      const { data, layout } = JSON.parse(this.json);
      const description = (layout.meta && layout.meta.description) || null;
      ponder.mark(this.plot, 'role', description && 'img'); // an image that says nothing is none
      ponder.mark(this.plot, 'aria-label', description);
      const wasDrawn = this.isDrawn;
      this.isDrawn = true;
      await plotly.react(this.plot, data, dressed(layout, this.plot), CONFIG);
      if (!wasDrawn && this.onClick) this.plot.on('plotly_click', ({ points: [point] }) => this.onClick(plain(point)));
    }

    resize() {
      if (this.isDrawn && this.plot.clientWidth) window.Plotly.Plots.resize(this.plot);
    }

    destroy() {
      this.json = '';
      this.themes.disconnect();
      this.resizing.disconnect();
      if (this.isDrawn) window.Plotly.purge(this.plot);
    }
  }

  function plain(point) {
    const { curveNumber: curve, pointNumber, x, y, customdata = null } = point;
    return { curve, name: point.data.name ?? '', point: pointNumber, x, y, customdata };
  }

  ponder.PlotlyView = PlotlyView;
})();
