// The list of saved runs: search and filters, marks, selection, delete with undo, files in and out.
//
//   ponder.mountHistory(element, choices, {listing, change, exporting, importing});   // each gives JSON text
//
// Load after elements.js, files.js, history_row.js and history_bar.js.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { write, reveal } = ponder;
  const WAIT_MS = 200; // after the last key before searching
  const SILENT = 'The server does not answer; check that Ponder is still running, then reload.';

  /** Chooses a value in a menu, also one that it does not offer. */
  function choose(menu, value) {
    if (![...menu.options].some((option) => option.value === value)) menu.add(new Option(value, value));
    menu.value = value;
  }

  class History {
    constructor(element, choices, server) {
      this.element = element;
      this.server = server;
      this.find = (selector) => element.querySelector(selector);
      this.form = this.find('form');
      this.list = this.find('.hs-list');
      this.runs = [];
      this.selected = new Map(); // by id, in the order of choosing
      this.edited = null;
      this.asked = 0;
      this.undoable = [];
      for (const [name, options] of Object.entries(choices)) this.offer(name, options);
      this.takeAddress();
      this.bar = new ponder.HistoryBar(this.find, this);
      this.listen();
      this.load(0);
    }

    offer(name, options) {
      const menu = this.form.elements[name];
      const kept = menu.value;
      while (menu.options.length > 1) menu.remove(1);
      for (const [value, words] of options) menu.add(new Option(words, value));
      choose(menu, kept);
    }

    // ---- the address, which keeps search and filters

    takeAddress() {
      for (const [name, value] of new URLSearchParams(location.search)) {
        const field = this.form.elements[name];
        if (field?.type === 'checkbox') field.checked = true;
        else if (field?.options) choose(field, value);
        else if (field) field.value = value;
      }
    }

    keepAddress(filters) {
      const words = new URLSearchParams(filters).toString();
      history.replaceState(history.state, '', `${location.pathname}${words ? `?${words}` : ''}`);
    }

    listen() {
      this.find('.hs-undo .hs-button').addEventListener('click', () => this.undo());
      this.find('.hs-dismiss').addEventListener('click', () => reveal(this.find('.hs-undo'), false));
      this.find('.hs-more').addEventListener('click', () => this.load(this.runs.length));
      this.form.addEventListener('submit', (event) => event.preventDefault());
      this.form.addEventListener('change', () => this.load(0));
      let timer = 0;
      this.form.elements.search.addEventListener('input', () => {
        clearTimeout(timer);
        timer = setTimeout(() => this.load(0), WAIT_MS);
      });
    }

    say(sentence) {
      const error = this.find('.hs-error');
      reveal(error, Boolean(sentence));
      write(error, sentence || '');
    }

    async ask(name, question) {
      try {
        return JSON.parse(await this.server[name](question));
      } catch (_) {
        return { error: SILENT };
      }
    }

    // ---- the list

    async load(offset) {
      const mine = ++this.asked;
      const filters = Object.fromEntries([...new FormData(this.form)].filter(([, value]) => value));
      this.keepAddress(filters);
      const reply = await this.ask('listing', { ...filters, offset });
      if (mine !== this.asked) return; // a later question has been asked meanwhile
      this.say(reply.error || reply.trouble);
      if (reply.error) return;
      this.runs = offset === 0 ? reply.runs : [...this.runs, ...reply.runs];
      this.offer('model', reply.models.map((name) => [name, name]));
      this.offer('tag', reply.tags.map((tag) => [tag, `Tag: ${tag}`]));
      reveal(this.find('.hs-more'), reply.more);
      const isFiltered = Object.keys(filters).length > 0;
      write(this.find('.hs-count'), reply.count === 1 ? '1 run' : `${reply.count.toLocaleString('en')} runs`);
      const empty = this.find('.hs-empty');
      reveal(empty, !this.runs.length);
      write(empty, isFiltered
        ? 'No run matches. Clear the search or a filter.'
        : 'Nothing here yet. Every run you make on the Run page is kept here, and exported files can be imported.');
      this.render();
    }

    render() {
      const focused = this.focusedPlace();
      this.list.replaceChildren(...this.runs.map((run) =>
        ponder.historyRow(run, { isSelected: this.selected.has(run.id), isEdited: this.edited === run.id }, this)));
      if (focused) this.list.querySelector(focused)?.focus();
      this.bar.show([...this.selected.values()]);
    }

    // Where the keyboard is in the list, as a selector that finds it again.
    focusedPlace() {
      const at = document.activeElement;
      if (!this.list.contains(at)) return null;
      const item = at.closest('[data-run]');
      const name = at.tagName === 'INPUT' ? 'input' : at.className ? `.${at.className.split(' ').join('.')}` : at.tagName.toLowerCase();
      return `[data-run="${item.dataset.run}"] ${name}`;
    }

    // ---- what a row asks for

    select(run, isSelected) {
      if (isSelected) this.selected.set(run.id, run);
      else this.selected.delete(run.id);
      this.list.querySelector(`[data-run="${run.id}"]`)?.classList.toggle('hs-selected', isSelected);
      this.bar.show([...this.selected.values()]);
    }

    clear() {
      this.selected.clear();
      this.render();
    }

    edit(run, isOpen) {
      this.edited = isOpen ? run.id : null;
      this.render();
      const row = this.list.querySelector(`[data-run="${run.id}"]`);
      row?.querySelector(isOpen ? '.hs-editor input' : '.hs-quiet')?.focus();
    }

    filterTag(tag) {
      this.form.elements.tag.value = tag;
      this.load(0);
    }

    async star(run, isStarred) {
      const reply = await this.ask('change', { action: 'mark', runs: [run.id], is_starred: isStarred });
      if (reply.error) return this.say(reply.error);
      run.is_starred = isStarred;
      return this.render();
    }

    /** Saves tags and note; the sentence that says what is wrong, "" where nothing is. */
    async mark(run, tags, note) {
      const reply = await this.ask('change', { action: 'mark', runs: [run.id], tags, note });
      if (reply.error) return reply.error;
      this.edited = null;
      await this.load(0);
      this.list.querySelector(`[data-run="${run.id}"] .hs-quiet`)?.focus();
      return '';
    }

    async remove(runs) {
      const ids = runs.map((run) => run.id);
      const reply = await this.ask('change', { action: 'delete', runs: ids });
      if (reply.error) return this.say(reply.error);
      const first = this.runs.findIndex((run) => ids.includes(run.id));
      for (const id of ids) this.selected.delete(id);
      this.undoable = ids;
      const undo = this.find('.hs-undo');
      reveal(undo, true);
      write(undo.querySelector('span'), ids.length === 1 ? `“${runs[0].title}” is deleted` : `${ids.length} runs are deleted`);
      await this.load(0);
      const next = this.list.children[Math.min(first, this.list.children.length - 1)];
      return (next?.querySelector('a') || this.form.elements.search).focus();
    }

    async undo() {
      const reply = await this.ask('change', { action: 'restore', runs: this.undoable });
      reveal(this.find('.hs-undo'), false);
      this.say(reply.error);
      if (!reply.error) await this.load(0);
    }

    // ---- files

    async exportAs(runs, format) {
      const reply = await this.ask('exporting', { runs: runs.map((run) => run.id), format });
      if (reply.error) return reply.error;
      ponder.saveFile(reply.name, ponder.blobOf(reply));
      return '';
    }

    async importFiles(files) {
      const replies = [];
      for (const file of files) {
        this.bar.tell(`Reading ${file.name} …`);
        replies.push(await this.ask('importing', { name: file.name, base64: await ponder.base64Of(file) }));
      }
      await this.load(0);
      const all = (name) => replies.map((reply) => reply[name]).filter(Boolean).join(' ');
      this.bar.tell(all('said'));
      if (all('error')) this.say(all('error'));
    }
  }

  ponder.mountHistory = (element, choices, server) => new History(element, choices, server);
})();
