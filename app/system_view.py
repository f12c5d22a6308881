"""The System page's markup: what never changes while the program runs is written here, escaped, once.

Knows cards, glossary, limits and snippets. The machine's checks, models, measurements and prices are drawn by
static/system_*.js from what the page's functions answer. Anchors are stable: #machine, #models, #tiers,
#measured, #measured-CLAIM, #prices, #limits, #strategies, #strategy-NAME, #glossary, #api.
"""

from __future__ import annotations

import re
from html import escape

from app import system_facts
from app.system_cards import CARDS
from app.system_glossary import GLOSSARY
from app.system_snippets import SNIPPETS
from engine.lab.tiers import RULE
from engine.price_book import DEVICES, UNITS
from engine.strategies import STRATEGIES, Parameter, Strategy

SECTIONS = {
    "machine": "This machine",
    "models": "Models",
    "tiers": "Quality tiers",
    "measured": "What was measured",
    "prices": "Prices",
    "limits": "Limits",
    "strategies": "Strategies",
    "glossary": "Glossary",
    "api": "From a script",
}
ARXIV = re.compile(r"\b(?:arXiv )?(\d{4}\.\d{4,5})\b")


def template() -> str:
    """The whole page."""
    # Gradio's base address is that of the first page: "#name" alone would lead there.
    links = "".join(f'<a href="system#{name}">{title}</a>' for name, title in SECTIONS.items())
    page = f"""
<main class="sy-page" aria-labelledby="sy-title">
  <h1 id="sy-title">System</h1>
  <nav class="sy-contents" aria-label="On this page">{links}</nav>
  <div class="sy-sections">
    {_section("machine", _MACHINE)}
    {_section("models", _MODELS)}
    {_section("tiers", _TIERS)}
    {_section("measured", _MEASURED)}
    {_section("prices", _prices())}
    {_section("limits", _limits())}
    {_section("strategies", _strategies())}
    {_section("glossary", _glossary())}
    {_section("api", _api())}
  </div>
</main>"""
    # The browser reads it as a JavaScript template, where these three would mean something.
    return page.replace("\\", "&#92;").replace("`", "&#96;").replace("$", "&#36;")


def _section(name: str, body: str) -> str:
    head = f'<h2 id="{name}-title">{SECTIONS[name]}</h2>'
    return f'<section id="{name}" aria-labelledby="{name}-title">{head}{body}</section>'


_MACHINE = """
<p class="sy-lead">What works here, and why not where it does not. <code>python app.py doctor</code> says
the same.</p>
<p class="sy-wait" data-wait="machine" role="status">Looking at this machine …</p>
<ul class="sy-checks" data-testid="checks"></ul>
<button type="button" class="sy-button" data-again>Look again</button>
"""

_MODELS = """
<p class="sy-lead">What the model menu knows, and whether it fits into the memory that is free now. A
model of your own is
a Hugging Face id in the cache, or a folder.</p>
<p class="sy-wait" data-wait="models" role="status">Looking for models …</p>
<table class="sy-table" data-testid="models" hidden><thead><tr><th scope="col">Model</th><th
scope="col">Parameters</th>
<th scope="col">Size</th><th scope="col">Runs on</th><th
scope="col">Here</th></tr></thead><tbody></tbody></table>
"""


_TIERS = f"""
<p class="sy-lead">{RULE} All candidates are measured on the same held-out problems of mixed kinds;
<code>python app.py bench tiers</code> measures them again.</p>
<p class="sy-wait" data-wait="tiers" role="status">Looking for measurements …</p>
<table class="sy-table" data-testid="tiers" hidden><thead><tr><th scope="col">Strategy</th>
<th scope="col">Solves</th><th scope="col">95 % interval</th><th scope="col">Tokens, mean</th>
<th scope="col">Tokens, p95</th><th scope="col">At most</th><th scope="col">Tier</th></tr></thead>
<tbody></tbody></table>
"""


_MEASURED = """
<p class="sy-lead">What the field claims of thinking longer, tried on the bundled models, also where
it does not hold. <code>python app.py bench claims</code> measures it again.</p>
<p class="sy-wait" data-wait="claims" role="status">Looking for measurements …</p>
<div class="sy-cards" data-testid="claims"></div>
"""


def _prices() -> str:
    head = "".join(f'<th scope="col">Dollars for {words}</th>' for words, _ in UNITS.values())
    rows = ""
    for kind, title in DEVICES.items():
        cells = "".join(
            f'<td data-label="Dollars for {words}"><input type="text" inputmode="decimal" autocomplete="off" '
            f'data-device="{kind}" data-name="{name}" aria-label="{title}: dollars for {words}" disabled>'
            f'<p class="sy-wrong" id="wrong-{kind}-{name}" role="alert" hidden></p></td>'
            for name, (words, _) in UNITS.items()
        )
        rows += f'<tr><th scope="row">{title}</th>{cells}</tr>'
    return f"""
<p class="sy-lead">By these, seconds and tokens become dollars: in forecasts, and in every run that
begins from now on. A
run that has begun keeps the prices it began with. The usual ones are assumptions: about the rent of a
small machine,
and of one data-centre GPU.</p>
<form class="sy-prices" data-testid="prices"><table class="sy-table"><thead><tr><th
scope="col">Device</th>{head}</tr></thead>
<tbody>{rows}</tbody></table></form>
<p class="sy-saved" role="status" data-testid="saved"></p>
<button type="button" class="sy-button" data-usual disabled>Back to the usual prices</button>
"""


def _limits() -> str:
    rows = "".join(
        f"<div><dt>{escape(what)}</dt><dd>{escape(value)}</dd></div>" for what, value in system_facts.limits()
    )
    return (
        '<p class="sy-lead">Nobody can go beyond these. Knobs have ranges of their own.</p>'
        f'<dl class="sy-limits">{rows}</dl>'
    )


def _strategies() -> str:
    cards = "".join(_card(strategy) for strategy in STRATEGIES.values())
    return f"""
<p class="sy-lead">Costs are in tokens, at most: <code>chain</code> is one whole chain of the model,
<code>step</code> one
step of it, <code>steps</code> how many a chain has, <code>answer</code> a bare answer, and
<code>read</code> is 2 where a
scorer model reads what is written and 1 where the scorer costs nothing. The rest are the strategy's own
knobs. A budget
ends any of them earlier.</p>
<div class="sy-cards" data-testid="cards">{cards}</div>
"""


def _card(strategy: Strategy) -> str:
    card = CARDS[strategy.name]
    knobs = "".join(_knob(parameter) for parameter in strategy.parameters)
    table = (
        f'<dl class="sy-knobs">{knobs}</dl>' if knobs else '<p class="sy-none">It has no knobs.</p>'
    )  # fmt: skip
    return f"""
<details class="sy-card" id="strategy-{strategy.name}" name="{strategy.name}">
  <summary><span class="sy-name">{escape(strategy.title)}</span><code>{strategy.name}</code>
    <span class="sy-idea">{escape(strategy.idea)}</span></summary>
  <h3>Costs at most</h3><p><code class="sy-formula">{escape(card.formula)}</code></p>
  <h3>When it fails</h3><p>{escape(card.fails)}</p>
  <h3>Knobs</h3>{table}
  <h3>Source</h3><p>{_linked(strategy.source)}</p>
</details>"""


def _knob(parameter: Parameter) -> str:
    match parameter.type:
        case "bool":
            allowed = "true or false"
        case "choice":
            allowed = ", ".join(parameter.choices)
        case _:
            allowed = f"{parameter.minimum:g} to {parameter.maximum:g}"
    usual = str(parameter.default).lower() if isinstance(parameter.default, bool) else str(parameter.default)
    return (
        f"<div><dt><code>{parameter.name}</code> {escape(usual)}</dt>"
        f"<dd>{escape(parameter.meaning)} <small>{escape(allowed)}</small></dd></div>"
    )


def _linked(source: str) -> str:
    """A source with its papers as links, and names as they are written in code."""
    linked = ARXIV.sub(
        r'<a href="https://arxiv.org/abs/\1" rel="noreferrer noopener" target="_blank">arXiv \1</a>',
        escape(source),
    )
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", linked)


def _glossary() -> str:
    return '<dl class="sy-glossary">' + "".join(
        f"<div><dt>{escape(word)}</dt><dd>{escape(meaning)}</dd></div>" for word, meaning in GLOSSARY.items()
    ) + "</dl>"  # fmt: skip


def _api() -> str:
    blocks = "".join(
        f'<figure class="sy-snippet"><figcaption>{escape(title)}'
        '<button type="button" class="sy-button" data-copy>Copy</button></figcaption>'
        f'<pre tabindex="0" aria-label="{escape(title)}"><code>{escape(text)}</code></pre></figure>'
        for title, text in SNIPPETS.items()
    )
    return f"""
<p class="sy-lead">Four named endpoints, for <a href="https://pypi.org/project/gradio-client/"
rel="noreferrer noopener"
target="_blank">gradio_client</a> or any HTTP client. A run made by a script is in History like any
other. Bad input
gives the same sentence as on the page.</p>
{blocks}
<p class="sy-saved" role="status" data-testid="copied"></p>
"""
