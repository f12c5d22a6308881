// The three buttons of the tree: zoom out, zoom in, and the whole tree again.
(() => {
  const ponder = (window.ponder = window.ponder || {});

  function button(text, name, action) {
    const element = document.createElement('button');
    element.className = 'tv-button';
    element.type = 'button';
    element.textContent = text;
    element.title = name;
    element.setAttribute('aria-label', name);
    element.addEventListener('click', action);
    return element;
  }

  /** Their group, to be put on the stage. */
  function make(actions) {
    const group = document.createElement('div');
    group.className = 'tv-buttons';
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', 'Zoom');
    group.append(
      button('−', 'Zoom out', actions.out),
      button('+', 'Zoom in', actions.in),
      button('Fit', 'Fit the whole tree', actions.fit),
    );
    return group;
  }

  ponder.treeButtons = { make };
})();
