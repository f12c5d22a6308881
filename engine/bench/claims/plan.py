"""What is measured with: which models, how many problems and samples, and what is missing here.

Knows names and counts. Does not load anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.bench.claims.cells import Cell, Sets, Value
from engine.bench.claims.finding import Skipped
from engine.bench.claims.outcomes import REWARD

SAMPLE_TEMPERATURE = 0.8


@dataclass(frozen=True, slots=True)
class Plan:
    """`main` is the model that most claims are about; `missing` says of a model, or of the reward, why it
    cannot be used here.
    """

    main: str = "ponder-3m"
    small: str = "ponder-1m"
    large: str = "ponder-8m"
    problems: int = 200
    samples: int = 64
    missing: Mapping[str, str] = field(default_factory=dict)

    def need(self, *models: str) -> None:
        """Raise Skipped where one of the models is missing."""
        for model in models or (self.main,):
            if model in self.missing:
                raise Skipped(f"{self.missing[model]} It is measured once {model} is here.")

    def need_reward(self) -> None:
        """Raise Skipped where there is no process reward."""
        if REWARD in self.missing:
            raise Skipped(f"{self.missing[REWARD]} It is measured once the process reward is here.")

    @property
    def has_reward(self) -> bool:
        return REWARD not in self.missing

    def cell(
        self, strategy: str, sets: Sets, model: str = "", max_tokens: int | None = None, **params: Value
    ) -> Cell:
        """A strategy on these problems; the main model's unless another is named."""
        return Cell(
            model or self.main, sets, strategy, tuple(sorted(params.items())), max_tokens, self.problems
        )

    def greedy(self, sets: Sets, model: str = "") -> Cell:
        """One chain of thought at temperature 0."""
        return self.cell("chain_of_thought", sets, model)

    def pool(
        self, sets: Sets, model: str = "", samples: int | None = None, *, is_scored: bool = True
    ) -> Cell:
        """Many samples of each problem, scored where there is a reward: they serve pass@k, votes and choices.

        The samples are the same with and without scores.
        """
        samples = samples or self.samples
        if self.has_reward and is_scored:
            return self.cell(
                "best_of_n",
                sets,
                model,
                n=samples,
                batch=samples,
                scorer=REWARD,
                temperature=SAMPLE_TEMPERATURE,
            )
        return self.cell("self_consistency", sets, model, n=samples, temperature=SAMPLE_TEMPERATURE)
