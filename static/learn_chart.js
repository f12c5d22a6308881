// The chart of a lesson and the table that says the same. Larger type where a class looks on.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make } = ponder;
  const TYPE_PX = 13; // before it is enlarged

  class LearnChart {
    constructor(place, tablePlace, source) {
      this.view = new ponder.PlotlyView(place, { source });
      this.tablePlace = tablePlace;
      this.json = '';
      this.zoom = 1;
    }

    show(json, table) {
      this.json = json;
      this.draw();
      this.tablePlace.replaceChildren(table ? tableOf(table) : '');
    }

    /** The chart is not enlarged with the page, since it would lose the pointer; its type is. */
    enlarge(zoom) {
      this.zoom = zoom;
      this.draw();
    }

    draw() {
      this.view.show(this.json && this.zoom > 1 ? enlarged(this.json, this.zoom) : this.json);
    }
  }

  function enlarged(json, zoom) {
    const figure = JSON.parse(json);
    const font = { size: Math.round(TYPE_PX * zoom) };
    const { layout } = figure;
    Object.assign(layout, { font, legend: { ...layout.legend, font } });
    for (const name of ['xaxis', 'yaxis']) layout[name] = { ...layout[name], tickfont: font, title: { ...layout[name].title, font } };
    for (const { marker } of figure.data) if (marker) marker.size *= zoom;
    return JSON.stringify(figure);
  }

  function tableOf({ axis, xs, rows }) {
    const table = make('table');
    const head = make('tr');
    for (const text of [axis, ...xs]) {
      const cell = make('th', '', text);
      cell.scope = 'col';
      head.append(cell);
    }
    table.append(make('thead'), make('tbody'));
    table.tHead.append(head);
    for (const { title, cells } of rows) {
      const row = make('tr');
      const name = make('th', '', title);
      name.scope = 'row';
      row.append(name, ...cells.map((text) => make('td', '', text)));
      table.tBodies[0].append(row);
    }
    return table;
  }

  ponder.LearnChart = LearnChart;
})();
