"""What a comparison says, and when it must say nothing."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app import batch_verdict, compare_names, compare_results, compare_verdict, figures
from app.batch_driver import Progress
from app.batch_outcomes import Outcome
from app.compare_plan import Lane, Plan
from app.service import Service
from engine.budget import Budget
from engine.lab import statistics
from engine.runs import Run, RunSpec

SEARCH, BEST, VOTE = (
    Lane("mcts", "m", {}),
    Lane("best_of_n", "m", {}),
    Lane("self_consistency", "m", {"n": 8}),
)


def batch(
    columns: Sequence[Sequence[bool | None]], *, state: str = "finished", asked: int | None = None,
    tokens: Sequence[int] = (100, 200, 300, 400), parts: tuple[float, ...] = (1.0,),
) -> Progress:  # fmt: skip
    """A batch whose lanes solved what `columns` say; None is a failed run."""
    lanes = (SEARCH, BEST, VOTE)[: len(columns)]
    problems = tuple(f"problem {n}" for n in range(asked or len(columns[0])))
    plan = Plan("countdown", 4, problems, lanes, "tokens", 2000, parts, 1)
    outcomes = []
    for problem, row in enumerate(zip(*columns, strict=True)):
        for part in range(len(parts)):
            for lane, solved in enumerate(row):
                cell = (problem * len(parts) + part) * len(lanes) + lane
                spent = int(tokens[lane] * parts[part]) + problem % 3
                status = "failed" if solved is None else "finished"
                found = None if solved is None else True
                outcomes.append(
                    Outcome(cell, f"run {cell}", status, "1", solved, found, spent, spent / 100, 0.1, 1e-5)
                )
    return Progress("B", plan, state, "", 9.0, None, 0, True, tuple(outcomes))


def solved(right: int, wrong: int) -> list[bool]:
    return [True] * right + [False] * wrong


def test_a_clear_difference_is_said_with_its_range() -> None:
    found = batch_verdict.of_batch(batch([solved(50, 10), solved(30, 30)]))
    assert found.headline.startswith("Monte Carlo tree search beats Best of 16 by 33 points (")
    assert "paired, 60 problems, p < 0.001" in found.headline
    assert not found.is_noise and not found.is_refused
    assert "points" in found.caution


def test_a_small_difference_is_within_noise() -> None:
    found = batch_verdict.of_batch(batch([[True, False] * 20 + [True] * 3, [False, True] * 20 + [False] * 3]))
    assert found.is_noise and not found.is_refused
    assert found.headline == (
        "Within noise: Monte Carlo tree search and Best of 16 cannot be told apart on these 43 problems."
    )
    assert "Monte Carlo tree search alone solved 23, Best of 16 alone 20" in found.rest
    assert "Monte Carlo tree search spends less: 101 tokens a problem against 201." in found.rest


def test_the_same_problems_solved_is_within_noise() -> None:
    found = batch_verdict.of_batch(batch([solved(20, 10), solved(20, 10)]))
    assert found.is_noise
    assert "solved exactly the same problems" in found.rest


@pytest.mark.parametrize(("count", "is_refused"), [(19, True), (20, False)])
def test_too_few_problems_have_no_verdict(count: int, is_refused: bool) -> None:
    found = batch_verdict.of_batch(batch([solved(count, 0), solved(0, count)], state="cancelled", asked=60))
    assert found.is_refused is is_refused
    if is_refused:
        assert found.headline == "No verdict: 19 of 60 problems are complete, and it takes at least 20."
    else:
        assert "stopped after 20 of 60" in found.caution


def test_no_verdict_while_it_runs() -> None:
    found = batch_verdict.of_batch(batch([solved(60, 0), solved(0, 60)], state="running"))
    assert found.is_refused and found.headline.startswith("No verdict while it runs")


def test_failed_runs_are_left_out_of_every_lane_and_said() -> None:
    progress = batch([[None, *solved(30, 0)], [True, *solved(30, 0)]])
    assert "1 runs failed" not in batch_verdict.of_batch(progress).caution
    assert "1 run failed and is left out." in batch_verdict.of_batch(progress).caution
    [result] = compare_results.results(progress.plan, progress.outcomes)
    assert len(result.counted) == 30


def test_several_lanes_are_adjusted_for_one_another() -> None:
    """9 won and 2 lost: p = 0.065 alone, and no more after adjusting; 40 won is clear all the same."""
    first = [True] * 9 + [False] * 2 + [True] * 40 + [False] * 9
    second = [False] * 9 + [True] * 2 + [True] * 40 + [False] * 9
    third = [False] * 60
    progress = batch([first, second, third])
    complete = list(compare_results.rows(progress.plan, progress.outcomes, 0).values())
    by_lanes = {(pair.first, pair.second): pair for pair in batch_verdict.pairs(complete, 3)}
    assert not by_lanes[0, 1].is_clear and by_lanes[0, 2].is_clear
    found = batch_verdict.of_batch(progress)
    assert found.is_noise
    assert "Monte Carlo tree search beats Self-consistency" in found.rest
    shown = statistics.smallest_difference(60, 11 / 60, 1 - 0.05 / 3)  # of the pair that was not told apart
    assert f"about {shown * 100:.0f} points" in found.caution


def test_the_sign_is_that_of_the_best_lane() -> None:
    found = batch_verdict.of_batch(batch([solved(10, 40), solved(45, 5)]))
    assert found.headline.startswith("Best of 16 beats Monte Carlo tree search by 70 points (")
    low = int(found.headline.split("(")[1].split(" ")[0])
    assert low > 0


def test_the_figure_counts_what_its_axis_says() -> None:
    progress = batch([solved(50, 10), solved(30, 30), solved(5, 55)], parts=(0.5, 1.0))
    results = compare_results.results(progress.plan, progress.outcomes)
    called = compare_names.names(progress.plan.lanes)
    figure = figures.accuracy(results, called)
    assert figure is not None
    data: Any = figure.data
    lines = [trace for trace in data if trace.showlegend is not False]
    assert [line.name for line in lines] == ["Monte Carlo tree search", "Best of 16", "Self-consistency"]
    assert list(lines[0].x) == [51, 101] and list(lines[0].y) == [50 / 60, 50 / 60]
    assert len({line.line.color for line in lines}) == len({line.line.dash for line in lines}) == 3
    assert len({line.marker.symbol for line in lines}) == 3
    assert "tokens a problem" in figure.layout.xaxis.title.text
    assert "83%" in figure.layout.meta["description"]
    for cost in figures.AXES:
        assert figures.accuracy(results, called, cost) is not None
    assert figures.accuracy(compare_results.results(progress.plan, ()), called) is None


def test_names_differ_where_lanes_do() -> None:
    same = [
        Lane("best_of_n", "m", {}),
        Lane("best_of_n", "m", {"n": 4}),
        Lane("best_of_n", "m", {"select": "weighted"}),
    ]
    assert compare_names.names(same) == [
        "Best of 16 (select best)",
        "Best of 4",
        "Best of 16 (select weighted)",
    ]
    assert compare_names.names([SEARCH, replace(SEARCH, model="big")]) == [
        "Monte Carlo tree search, m", "Monte Carlo tree search, big",
    ]  # fmt: skip
    assert compare_names.names([SEARCH, SEARCH]) == [
        "Monte Carlo tree search, lane 1", "Monte Carlo tree search, lane 2",
    ]  # fmt: skip


# ---- one problem


@pytest.fixture
def service() -> Generator[Service]:
    service = Service(threaded=False, is_saving=False)
    yield service
    service.close()


def made(service: Service, *specs: RunSpec) -> list[Run]:
    runs = [service.submit(spec) for spec in specs]
    while service.step():
        pass
    return runs


def spec(strategy: str = "chain_of_thought", problem: str = "Compute 2 + 2.", **more: object) -> RunSpec:
    return RunSpec(problem, "scripted", strategy, **more)  # type: ignore[arg-type]


def test_nothing_is_said_before_the_end(service: Service) -> None:
    run = service.submit(spec())
    assert compare_verdict.of_one_problem([run]) is None
    assert compare_verdict.of_one_problem([]) is None


def test_one_problem_is_never_a_verdict_on_strategies(service: Service) -> None:
    runs = made(service, spec(), spec("best_of_n"))
    for right, headline in (
        ((True, True), "On this problem every lane answered right."),
        ((True, False), "On this problem Chain of thought answered right."),
        ((False, False), "On this problem no lane answered right."),
    ):
        for run, is_right in zip(runs, right, strict=True):
            run.is_correct = is_right
        found = compare_verdict.of_one_problem(runs)
        assert found is not None and found.headline == headline
        assert found.caution == f"{compare_verdict.ONE_PROBLEM} {compare_verdict.SHARED}"
    runs[1].created_at += timedelta(hours=1)
    found = compare_verdict.of_one_problem(runs)
    assert found is not None and found.caution == compare_verdict.ONE_PROBLEM


def test_an_answer_that_was_found_and_not_chosen_is_said(service: Service) -> None:
    vote, best = made(
        service, spec("self_consistency"), spec("best_of_n", params={"scorer": "self_evaluation"})
    )
    assert {node.answer for node in best.tree.nodes} >= {"4"}
    vote.is_correct = best.is_correct = False  # as if another had been selected
    found = compare_verdict.of_one_problem([vote, best])
    assert found is not None
    assert "the vote went to another" in found.rest
    assert "Best of 16 found the right answer, but its scorer preferred another." in found.rest


def test_different_problems_and_budgets_are_said(service: Service) -> None:
    runs = made(service, spec(), spec(problem="Compute 3 + 3."))
    found = compare_verdict.of_one_problem(runs)
    assert found is not None and found.is_refused and "different problems" in found.headline
    runs = made(service, spec(), spec(budget=Budget(max_tokens=500)))
    found = compare_verdict.of_one_problem(runs)
    assert found is not None and "not matched: no limit and 500 tokens" in found.rest


def test_an_unknown_truth_is_not_guessed(service: Service) -> None:
    runs = made(service, spec(), spec("best_of_n"))
    for run in runs:
        run.is_correct, run.answer = None, "7"
    found = compare_verdict.of_one_problem(runs)
    assert found is not None and found.is_refused
    assert "the same answer; whether it is right is not known" in found.headline
