"""Every claim measured on made-up text: what it asks for, what it keeps, and what its numbers rest on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from engine.backends.protocol import Backend
from engine.bench.claims import CLAIMS
from engine.bench.claims.cells import Cell, games_of_24, problems_of
from engine.bench.claims.finding import Finding
from engine.bench.claims.keeping import Kept
from engine.bench.claims.measuring import CellFailed, Laboratory, Progress, Result, Tell, measure
from engine.bench.claims.outcomes import REWARD, Draft, Outcome, outcome_of
from engine.bench.claims.plan import Plan
from engine.bench.claims.reading import blocks, passed, percent, picked, points, ratio, tokens_of
from engine.bench.claims.refining import after, drawn_until_it_passes
from engine.bench.claims.sets import COUNTDOWN, MIXED
from engine.reselection import reselect
from engine.runs import Run
from engine.scheduler import Scheduler
from engine.sinks import Sink
from engine.tasks import FAMILIES
from tests.engine.scripted import SUM, Facts, load_scorer, make_scheduler, run, spec

PLAN = Plan("scripted", "scripted", "scripted", problems=6, samples=4)


def laboratory(folder: Path, sinks: Sequence[Sink] = (), tell: Tell | None = None) -> Laboratory:
    def make(told: Sequence[Sink]) -> Scheduler:
        return make_scheduler(sinks=told)

    return Laboratory(make, Kept(folder), {}, sinks, tell)


def results(folder: Path, *names: str, plan: Plan = PLAN, **more: Any) -> list[Result]:
    return list(measure([CLAIMS[name] for name in names], plan, laboratory(folder, **more)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, so that pools are sampled once for all claims."""
    return tmp_path_factory.mktemp("claims")


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_comes_to_rows_charts_and_a_sentence(name: str, folder: Path) -> None:
    (result,) = results(folder, name)
    finding = result.finding
    assert isinstance(finding, Finding) and not result.skipped
    assert finding.rows and finding.charts and finding.summary.endswith(".")
    for row in finding.rows:
        assert row.found.low <= row.found.value <= row.found.high
        assert row.problems >= 4
        assert all(0 <= side.solved.low <= side.solved.value <= side.solved.high <= 100 for side in row.sides)
        assert all(side.tokens > 0 for side in row.sides)
    for chart in finding.charts:
        assert chart.x and chart.y and chart.series
        for series in chart.series:
            assert all(point.low <= point.y <= point.high for point in series.points)
    assert all(cell.problems == PLAN.problems for cell in result.cells)
    json.dumps(asdict(finding), allow_nan=False)


def test_a_claim_whose_model_or_reward_is_missing_says_so(tmp_path: Path) -> None:
    plan = replace(PLAN, small="tiny", missing={"tiny": "There is no tiny.", REWARD: "There is no reward."})
    small, verifying = results(tmp_path, "small_longer", "verifying", plan=plan)
    assert small.finding is None and small.skipped == "There is no tiny. It is measured once tiny is here."
    assert verifying.finding is None and verifying.skipped.startswith("There is no reward.")
    assert not list(tmp_path.iterdir())


def test_without_a_reward_the_same_samples_are_drawn(tmp_path: Path) -> None:
    bare = replace(PLAN, missing={REWARD: "There is no reward."})
    with_reward, without = PLAN.pool(COUNTDOWN), bare.pool(COUNTDOWN)
    assert without.scorer is None
    scored, plain = laboratory(tmp_path).outcomes([with_reward, without])
    for a, b in zip(scored, plain, strict=True):
        assert [draft.tokens for draft in a.drafts] == [draft.tokens for draft in b.drafts]
        assert a.picks["majority@4"] == b.picks["majority@4"]
        assert b.scorer_tokens == 0 and a.scorer_tokens > 0


def test_the_problems_are_held_out_and_shared_out_evenly() -> None:
    problems = problems_of(MIXED, 40)
    assert len({problem.text for problem in problems}) == len(problems) >= 40
    assert all(FAMILIES[problem.task or ""].is_held_out(problem) for problem in problems)
    kinds = [(problem.task, problem.difficulty) for problem in problems]
    assert {kinds.count(kind) for kind in kinds} == {4}
    assert problems_of(MIXED, 20) == problems[:20]


def test_there_are_as_many_games_of_24_as_are_published() -> None:
    games = list(games_of_24())
    assert len(games) == 1362 - 16  # those that need a fraction
    assert all(FAMILIES["countdown"].is_held_out(game) for game in games)


class Counting:
    """A sink that counts runs."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def opened(self, run: Run) -> None:
        self.runs.append(run)

    def grew(self, run: Run, events: object) -> None: ...

    def closed(self, run: Run) -> None: ...


def test_finished_cells_are_not_measured_again(tmp_path: Path) -> None:
    first, second, fresh = Counting(), Counting(), Counting()
    (before,) = results(tmp_path, "voting", sinks=[first])
    (after,) = results(tmp_path, "voting", sinks=[second])
    assert len(first.runs) == 18 and not second.runs
    assert before.finding == after.finding
    next(tmp_path.glob("*.gz")).write_bytes(b"damaged")
    (mended,) = results(tmp_path, "voting", sinks=[fresh])
    assert len(fresh.runs) == 6
    assert mended.finding == before.finding


def test_claims_share_what_they_both_need(tmp_path: Path) -> None:
    told = Counting()
    voting, verifying = results(tmp_path, "voting", "verifying", sinks=[told])
    assert set(voting.cells) == set(verifying.cells)
    assert len(told.runs) == 18
    batches = {run.spec.batch for run in told.runs}
    assert len(batches) == 3 and all(batch is not None and batch.startswith("claims-") for batch in batches)


def test_other_weights_are_other_cells() -> None:
    cell = PLAN.pool(COUNTDOWN)
    names = {cell.key({}), cell.key({"scripted": "a"}), cell.key({"scripted": "a", REWARD: "b"})}
    assert len(names) == 3
    greedy = PLAN.greedy(COUNTDOWN)
    assert greedy.key({"scripted": "a"}) == greedy.key({"scripted": "a", REWARD: "b"})


def test_a_run_that_fails_ends_the_bench_with_its_reason(tmp_path: Path) -> None:
    def broken(told: Sequence[Sink]) -> Scheduler:
        def load(name: str) -> Backend:
            raise OSError("the weights are gone")

        return Scheduler(load, load_scorer, lambda model: Facts(), sinks=told)

    with pytest.raises(
        CellFailed, match=r"scripted · countdown 4 · chain_of_thought failed: .*weights are gone"
    ):
        Laboratory(broken, Kept(tmp_path), {}).outcomes([PLAN.greedy(COUNTDOWN)])
    assert not list(tmp_path.iterdir())


def test_the_time_left_is_told(tmp_path: Path) -> None:
    told: list[Progress] = []
    results(tmp_path, "reasoning", tell=told.append)
    shares = [progress.share for progress in told]
    assert shares == sorted(shares)
    assert shares[0] >= 0
    assert shares[-1] <= 1
    assert "scripted · arithmetic 3–6 · direct" in {progress.doing for progress in told}


# ---- what is kept of a run, and how it is read --------------------------------------------------------


@pytest.mark.parametrize("rule", ["majority", "best", "weighted"])
def test_picks_are_what_the_projects_rules_choose(rule: str) -> None:
    done = run(spec("best_of_n", SUM, n=8, seed=3))
    kept = outcome_of(done)
    assert kept.picks[f"{rule}@8"] == (reselect(done, rule).is_correct,)
    assert kept.picks[f"{rule}@1"] == tuple(draft.is_right for draft in kept.drafts)
    assert kept.spent_tokens == done.usage.spent_tokens
    assert len(kept.picks[f"{rule}@4"]) == 2


def test_an_outcome_comes_back_from_its_record() -> None:
    kept = outcome_of(run(spec("best_of_n", SUM, n=4)))
    assert any(draft.steps for draft in kept.drafts)
    assert Outcome.of_record(json.loads(json.dumps(kept.record()))) == kept


def test_a_search_keeps_its_answers_only() -> None:
    kept = outcome_of(run(spec("mcts", SUM, rollouts=4)))
    assert not kept.picks
    assert 0 < len(kept.drafts) <= 8
    assert all(draft.passes == draft.is_right for draft in kept.drafts)  # arithmetic can be worked out


def test_a_repair_keeps_every_draft_so_that_its_rounds_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.backends.scripted.SLIP", 0.7)
    kept = [outcome_of(run(spec("repair", SUM, width=1, rounds=3, seed=seed))) for seed in range(12)]
    assert {len(one.drafts) for one in kept} > {1}
    first, first_tokens = after(kept, 0)
    last, last_tokens = after(kept, 3)
    assert last == [float(one.is_right) for one in kept] and sum(last) > sum(first)
    assert last_tokens == [one.generated_tokens for one in kept] and sum(last_tokens) > sum(first_tokens)


def drawn(*rights: str) -> list[Outcome]:
    """Problems by their drafts: R right and passing, P passing only, x neither; ten tokens each."""
    return [
        Outcome(
            False, "finished", 5, 10 * len(word), 4 * len(word), 0.0, 1, "programs", 2,
            tuple(Draft(letter == "R", letter in "RP", 10) for letter in word),
        )
        for word in rights
    ]  # fmt: skip


def test_drawing_ends_with_the_first_that_passes() -> None:
    found, spent = drawn_until_it_passes(drawn("xRxx", "xPRx", "xxxR"), 2)
    assert found == [0.5, 0.5, 0.5]  # (xR)(xx), (xP)(Rx), (xx)(xR)
    assert spent == [20, 15, 20]
    assert drawn_until_it_passes(drawn("xPRx"), 4) == ([0.0], [20])


def test_passed_and_tokens_by_hand() -> None:
    pool = drawn("Rxxx", "RRRR")
    assert passed(pool, 2) == pytest.approx([0.5, 1])
    assert tokens_of(pool, 2, is_scored=False) == 20
    assert tokens_of(pool, 2, is_scored=True) == 28


def test_picked_is_the_mean_over_groups() -> None:
    one = replace(drawn("RxxR")[0], picks={"best@2": (True, False)})
    assert picked([one], "best", 2) == [0.5]


def test_intervals_stay_open_where_all_came_out_alike() -> None:
    assert percent([1.0] * 20).low < percent([1.0] * 20).value == 100
    assert points([1.0] * 20, [1.0] * 20).low < 0 < points([1.0] * 20, [1.0] * 20).high
    assert points([1.0, 0.0] * 50, [0.0, 0.0] * 50).value == 50


def test_a_ratio_of_sums() -> None:
    found = ratio([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    assert found is not None and (found.low, found.value, found.high) == (0.5, 0.5, 0.5)
    assert ratio([1.0], [0.0]) is None


def test_raw_points_are_blocks_of_twenty() -> None:
    assert blocks([1.0] * 20 + [0.0] * 20 + [1.0] * 4) == [100, 0]
    assert blocks([1.0, 0.0]) == [50]


def test_a_cells_title_says_what_is_run() -> None:
    cell = Cell("ponder-3m", (("arithmetic", (4, 5, 6)),), "best_of_n", (("n", 16),), 1000)
    assert cell.title == "ponder-3m · arithmetic 4–6 · best_of_n 16, 1,000 tokens"
