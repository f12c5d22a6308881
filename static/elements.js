// Elements made of text, never of markup, and changes that touch the document only where it differs.
(() => {
  const ponder = (window.ponder = window.ponder || {});

  /** A new element; `text` is shown as it is written. */
  function make(tag, className = '', text = undefined) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  /** A new button with a class of its own that calls `action`. */
  function makeButton(className, text, action) {
    const button = make('button', className, text);
    button.type = 'button';
    button.addEventListener('click', action);
    return button;
  }

  /** Shows `text` in `element`. */
  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  /** Shows or hides `element`. */
  function reveal(element, isShown) {
    if (element.hidden === isShown) element.hidden = !isShown;
  }

  /** Sets an attribute, or removes it where `value` is null. */
  function mark(element, name, value) {
    if (value === null) element.removeAttribute(name);
    else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }

  /** A sign that a screen reader says in words. */
  function makeSign(className, sign, words) {
    const element = make('span', className, sign);
    element.setAttribute('role', 'img');
    element.setAttribute('aria-label', words);
    return element;
  }

  Object.assign(ponder, { make, makeButton, makeSign, write, reveal, mark });
})();
