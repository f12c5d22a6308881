// Where a forked run began: a link to that node of the other run.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { write, reveal } = ponder;

  class Origin {
    constructor(find) {
      this.link = find('origin');
    }

    show({ head }) {
      const { origin } = head;
      reveal(this.link, Boolean(origin));
      if (!origin) return;
      const place = origin.steps === null || origin.steps === undefined ? '' : `, after its line ${origin.steps}`;
      write(this.link, `Forked from node ${origin.node} of another run${place}`);
      const address = ponder.runLinks.addressOf({ run: origin.run, node: origin.node });
      if (this.link.href !== address) this.link.href = address;
    }
  }

  ponder.RunOrigin = Origin;
})();
