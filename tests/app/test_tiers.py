"""Quality tiers: kept as measured, foretold from this machine's runs, never promised without a measure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import tier_control, tiers, warm_up
from app.service import Service
from app.tiers import Tiers
from engine.bench import tiers as bench
from engine.cost import Prices
from engine.lab.tiers import Measured, Spread
from engine.models import catalogue
from storage.search import RunSummary

MODEL = "scripted"


def measured(strategy: str, right: int, tokens: float, rate: float = 500.0) -> Measured:
    families = {"countdown": Spread(tokens, 2 * tokens, 3 * tokens)}
    return Measured(
        strategy, {}, 4000, right, 100, Spread(tokens, tokens, 2 * tokens), 20.0, rate, families
    )  # fmt: skip


CANDIDATES = [
    measured("direct", 10, 10),
    measured("chain_of_thought", 30, 60),
    measured("self_consistency", 50, 900, rate=2000.0),
    measured("mcts", 60, 2000, rate=1000.0),
]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where tiers are kept; the scripted model has weights of a kind."""
    facts = replace(catalogue.find(MODEL), folder=str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(catalogue, "find", lambda name: facts)
    tiers._weights.cache_clear()
    return tmp_path / "tiers.json"


@pytest.fixture
def found(file: Path) -> Tiers:
    tiers.keep(MODEL, CANDIDATES, {"cores": 2}, file)
    found = tiers.tiers_of(MODEL, file)
    assert isinstance(found, Tiers)
    return found


def ran(strategy: str, tokens: int, seconds: float, status: str = "finished") -> RunSummary:
    blank = dict.fromkeys(RunSummary.__dataclass_fields__)
    known = {
        "id": "1", "created_at": datetime.now(UTC), "model": MODEL, "strategy": strategy, "status": status,
        "spent_tokens": tokens, "seconds": seconds,
    }  # fmt: skip
    return RunSummary(**(blank | known))  # pyright: ignore[reportArgumentType]


def test_what_was_measured_comes_back_and_the_rule_has_chosen(found: Tiers) -> None:
    assert list(found.candidates) == CANDIDATES
    assert {name: tier.strategy for name, tier in found.tiers.items()} == {
        "fast": "chain_of_thought", "balanced": "mcts",  # 30 + 0.8 × 30 = 54 > 50
    }  # fmt: skip
    assert found.problems == 100


def test_without_a_measurement_there_is_a_sentence_and_no_tier(file: Path) -> None:
    none = tiers.tiers_of(MODEL, file)
    assert isinstance(none, str) and "No quality tiers were measured" in none and "bench tiers" in none


def test_other_weights_than_those_measured_have_no_tiers(found: Tiers, file: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    other = tiers.tiers_of(MODEL, file)
    assert isinstance(other, str) and "other weights" in other


def test_an_unknown_model_is_a_sentence(tmp_path: Path) -> None:
    assert "no model" in str(tiers.tiers_of("no-such-model", tmp_path / "none.json"))


def test_measuring_one_model_keeps_the_others(found: Tiers, file: Path) -> None:
    before = file.read_text()
    tiers.keep("another", CANDIDATES[:2], {}, file)
    assert isinstance(tiers.tiers_of(MODEL, file), Tiers)
    assert len(file.read_text()) > len(before)


def test_the_speed_here_is_that_of_the_tiers_own_strategy_where_it_ran(found: Tiers) -> None:
    runs = [ran("mcts", 1000, 0.5), ran("mcts", 1000, 2.0), ran("mcts", 900, 1.0), ran("direct", 10, 5.0)]
    assert tiers.rate(found, found.tiers["balanced"], runs) == (900.0, 3)


def test_else_it_is_how_much_faster_other_strategies_were_here(found: Tiers) -> None:
    runs = [ran("self_consistency", 4000, 1.0)]  # twice as fast as measured
    assert tiers.rate(found, found.tiers["balanced"], runs) == (2000.0, 1)


@pytest.mark.parametrize(
    "run", [ran("mcts", 0, 1.0), ran("mcts", 10, 0.0), ran("mcts", 10, 1.0, "cancelled"), ran("dvts", 9, 1.0)]
)
def test_without_a_timed_run_nothing_is_foretold(found: Tiers, run: RunSummary) -> None:
    assert tiers.rate(found, found.tiers["fast"], [run]) == (None, 0)
    foretold = tiers.predict(found.tiers["fast"], None, Prices(), "countdown")
    assert foretold.p50_seconds is foretold.p95_seconds is foretold.p50_usd is foretold.p95_usd is None


def test_seconds_and_dollars_follow_family_speed_and_prices(found: Tiers) -> None:
    fast = found.tiers["fast"]
    of_all = tiers.predict(fast, 100.0, Prices(usd_per_device_hour=3600.0), None)
    assert (of_all.p50_seconds, of_all.p95_seconds) == (0.6, 1.2)
    assert (of_all.p50_usd, of_all.p95_usd) == pytest.approx((0.6, 1.2))
    countdown = tiers.predict(fast, 100.0, Prices(0.0, usd_per_prompt_token=1.0), "countdown")
    assert countdown.p50_seconds == pytest.approx(1.2)
    assert countdown.p50_usd == pytest.approx(20.0)


def test_the_table_says_what_is_known_and_what_is_not(found: Tiers) -> None:
    service = Service(threaded=False)
    unknown = tier_control.table(service, found, None)
    assert unknown.count("–") == 4 and "$" not in unknown
    assert "follow the first run here" in unknown and "60%" in unknown
    assert "as Balanced" in unknown  # thorough is nothing else
    service.close()
    assert "<b>" not in tier_control.table(service, "No <b>tiers</b>.", None)


def test_the_mixed_set_is_held_out_and_mixed_from_its_beginning() -> None:
    asked = bench.problems(2)
    assert len(asked) == 2 * len(bench.CELLS) == len({problem.text for problem in asked})
    assert {problem.task for problem in asked[: len(bench.CELLS)]} == {family for family, _ in bench.CELLS}


def test_measuring_counts_what_real_runs_solve_and_spend() -> None:
    candidates = (bench.CHAIN, bench.Candidate("self_consistency", 300, (("n", 4),)))
    chain, vote = bench.measure(MODEL, 1, candidates)

    assert chain.problems == vote.problems == len(bench.CELLS)
    assert 0 < chain.right <= chain.problems  # the scripted model often follows a right solution
    assert 2 * chain.tokens.mean < vote.tokens.mean <= 300
    assert chain.tokens_per_second > 0 and set(vote.families) == {family for family, _ in bench.CELLS}


def test_a_server_that_timed_nothing_makes_two_runs_that_history_leaves_out(
    found: Tiers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_up, "tiers_of", lambda model: found)
    service = Service()
    warm_up.warm_up(service, MODEL)
    service.flush()
    timed = tier_control.timed_runs(service, MODEL)
    assert len(timed) == warm_up.RUNS and all(run.status == "finished" for run in timed)
    assert service.count() == 0
    assert tiers.rate(found, found.tiers["balanced"], timed)[1] == warm_up.RUNS
    assert "from 2 runs here" in tier_control.table(service, found, None)
    warm_up.warm_up(service, MODEL)  # and never again
    assert len(service.runs(filters={"batch": warm_up.BATCH})) == warm_up.RUNS
    service.close()


def test_where_no_tiers_were_measured_a_server_runs_nothing_by_itself() -> None:
    service = Service()
    warm_up.warm_up(service, MODEL)
    assert service.runs(filters={"batch": warm_up.BATCH}) == []
    service.close()
