"""One run in progress: its strategy, what it waits for, and its budget.

Knows how to turn a strategy's requests into nodes and branches, how to reply, and when its budget ends. The
model as a judge is asked here, since its verdicts are generated like any other text.
Does not know other runs, threads, storage or how models are loaded: the scheduler hands it tokens and
verdicts, and asks it for branches to decode and nodes to score.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine import answers, prompts
from engine.accounting import Ledger
from engine.backends.protocol import Backend, Chunk, Generate
from engine.budget import BudgetExhausted
from engine.checks import CHECK, Finding
from engine.requests import THOUGHT, Check, Expand, Request, Sampling, Score, Search
from engine.runs import Run
from engine.scoring.protocol import JUDGE, Scorer, Verdict
from engine.strategies import selection
from engine.tasks import is_program
from engine.tree import Node

BUDGET_ENDED = "The budget ended."
NEVER_STARTED = "The budget ended before this branch began."
MAX_EMPTY_REQUESTS = 10_000  # in a row; more means the strategy asks for nothing for ever

_request_ids = itertools.count(1)


class StrategyBug(Exception):
    """A strategy asked for something that makes no sense; its run fails with the reason."""


@dataclass(eq=False, slots=True)
class Branch:
    """One child being grown. `limit` is the model's own for a node; `cap` what the budget lets it spend."""

    node: Node
    limit: int
    cap: int = 0
    request_id: int = 0
    spent_tokens: int = 0


class ActiveRun:
    """A started run. It waits for branches (`expand`), for verdicts (`score`), for a `check`, or is done."""

    def __init__(self, run: Run, search: Search, backend: Backend, ledger: Ledger) -> None:
        self.run = run
        self.backend = backend
        self.ledger = ledger
        self.expand: Expand | None = None
        self.score: Score | None = None
        self.check: Check | None = None
        self.is_done = False
        self.was_cut = False  # the budget cut, refused or ended something
        self.flying: dict[int, Branch] = {}  # by request id; inside the backend
        self.unread_characters = sum(len(node.text) for node in run.tree.nodes)  # a copied path too
        self._search = search
        self._branches: list[Branch] = []  # of the current Expand, parent-major
        self._later: deque[Branch] = deque()  # of the current Expand, not in a wave yet
        self._wave: deque[Branch] = deque()  # of the current wave, not in the backend yet
        self._judging: Score | None = None  # the current Expand grows the judge's replies to this
        self._judged: set[Node] = set()  # nodes that the judge was asked about, abstentions included
        self._chosen: Node | None = None
        self._times_thrown = 0

    # ---- resuming the strategy -------------------------------------------------------------------------

    def resume(self, reply: list[Node] | None = None, *, is_exhausted: bool = False) -> None:
        """Send `reply` (None at the start) or throw BudgetExhausted, until work is asked for or it returns.

        A strategy that goes on after the first throw gets a second; if it asks again, the run ends. Raises
        whatever the strategy raises, and StrategyBug.
        """
        for _ in range(MAX_EMPTY_REQUESTS):
            try:
                if is_exhausted:
                    self.was_cut = True
                    if self._times_thrown == 2:
                        return self._end(None)
                    self._times_thrown += 1
                    request = self._search.throw(BudgetExhausted(BUDGET_ENDED))
                else:
                    request = next(self._search) if reply is None else self._search.send(reply)
            except StopIteration as stop:
                if not isinstance(stop.value, Node) or stop.value.tree is not self.run.tree:
                    raise StrategyBug("it did not return a node of its tree") from None
                return self._end(stop.value)
            except BudgetExhausted:
                return self._end(None)
            self._refuse_nonsense(request)
            reply = list(request.nodes)
            is_exhausted = False
            if isinstance(request, Check):
                is_exhausted = bool(reply) and not self.ledger.has_time()
                if reply and not is_exhausted:
                    self.check = request
                    return None
                continue
            if isinstance(request, Score):
                if request.by != JUDGE:
                    if not reply:
                        continue
                    self.score = request
                    return None
                grow = self._question_to_the_judge(request)
            else:
                grow = request
            is_exhausted = (
                bool(grow.nodes) and grow.n > 0 and self.ledger.tokens_left(self.unread_characters) < 1
            )
            if is_exhausted:
                continue
            children = self._begin(grow)
            if children:
                self._judging = request if isinstance(request, Score) else None
                return None
            reply = reply if isinstance(request, Score) else children
        raise StrategyBug("it asks for nothing again and again")

    def close(self) -> None:
        """Stop the strategy, and take back the branches that are still inside the backend."""
        self._search.close()
        self.is_done = True
        self.expand = self.score = self.check = None
        for request_id in list(self.flying):
            self._withdraw(request_id)

    @property
    def answer_node(self) -> Node | None:
        """What the strategy returned, else the best so far; None where there is nothing."""
        if self._chosen is not None:
            return self._chosen
        params = self.run.spec.params
        candidates = selection.best_so_far(self.run.tree.nodes)
        if not candidates:
            return None
        return selection.best(candidates, params.get("scorer"), params.get("aggregate", "last"))

    def _end(self, chosen: Node | None) -> None:
        self._chosen = chosen
        self.is_done = True

    def _refuse_nonsense(self, request: Request) -> None:
        if not isinstance(request, Expand | Score | Check):
            raise StrategyBug(f"it yielded {request!r}, which is no request")
        for node in request.nodes:
            if node.tree is not self.run.tree:
                raise StrategyBug("it asked about a node of another tree")
            if isinstance(request, Expand) and node.is_final and not request.instruction + request.forced:
                raise StrategyBug(
                    f"it asked to expand node {node.id}, which is final, with no instruction or forced text"
                )

    # ---- growing branches ------------------------------------------------------------------------------

    def _begin(self, request: Expand) -> list[Node]:
        """Give birth to the children, all at once and parent-major, and start the first wave."""
        profile = self.backend.profile
        limit = request.sampling.max_tokens or profile.max_new_tokens
        for parent in request.nodes:
            instruction = forced = ""
            struck = 0
            if request.instruction:
                finding = parent.text if parent.kind == "execution" else ""
                instruction = prompts.instruction(
                    request.instruction, profile, finding, is_program=is_program(self.run.tree.problem)
                )
            opens_turn = bool(instruction) or parent.parent is None
            if request.forced:
                struck = 0 if opens_turn else prompts.end_of_thinking(parent.text, profile)
                said = "" if opens_turn else parent.text[: len(parent.text) - struck]
                forced = prompts.forced(request.forced, profile, said)
            thinking = request.thinking if opens_turn else None
            for _ in range(request.n):
                node = self.run.tree.add(parent, request.kind, instruction, thinking, forced, struck)
                self._branches.append(Branch(node, limit))
            self.unread_characters += len(instruction) + len(forced)
        if not self._branches:
            return []
        self.expand = request
        self._later.extend(self._branches)
        self._next_wave()
        return [branch.node for branch in self._branches]

    def _next_wave(self) -> None:
        assert self.expand is not None
        wanted, limit = len(self._later), self._branches[0].limit
        count, cap = self.ledger.wave(self.expand.stop, limit, wanted, self.unread_characters)
        for _ in range(count):
            branch = self._later.popleft()
            branch.cap = cap
            self._wave.append(branch)

    @property
    def waiting_rows(self) -> int:
        """Branches of the current wave that are not inside the backend yet."""
        return len(self._wave)

    def launch(self) -> None:
        """Hand the next branch of the wave to the backend."""
        assert self.expand is not None
        branch = self._wave.popleft()
        branch.request_id = next(_request_ids)
        self.flying[branch.request_id] = branch
        sampling, profile = self.expand.sampling, self.backend.profile
        if sampling.top_p == 1.0 and sampling.top_k == 0:  # the strategy leaves them to the model's profile
            sampling = replace(sampling, top_p=profile.top_p, top_k=profile.top_k)
        self.backend.add(
            Generate(
                id=branch.request_id,
                run_id=self.run.id,
                node=branch.node,
                sampling=replace(sampling, max_tokens=branch.cap),
                seed=self.run.spec.seed,
                stop=self.expand.stop,
                abort_below=self.expand.abort_below,
                abort_window=self.expand.abort_window,
            )
        )

    def enforce(self) -> None:
        """Before a decode step: cancel the latest branches that could not get one more token.

        The caps of a wave already hold the token limit; this holds the limits that are only known as time
        goes by (seconds, dollars) and those a long prompt has used up (FLOPs).
        """
        if self.expand is None:
            return
        left = self.ledger.tokens_left()
        while self._wave and len(self.flying) + len(self._wave) > left:
            self._cut(self._wave.pop(), NEVER_STARTED)
        for request_id in sorted(self.flying, reverse=True):
            if len(self.flying) <= left:
                break
            self._cut(self._withdraw(request_id), BUDGET_ENDED)
        self._settle()

    def receive(self, chunk: Chunk) -> None:
        """Take what one of this run's branches has written."""
        branch = self.flying[chunk.request_id]
        tree, node = self.run.tree, branch.node
        self._take(branch, chunk)
        is_at_cap = branch.spent_tokens >= branch.cap
        if chunk.end is None and not is_at_cap:
            return
        if chunk.end is None:
            self._withdraw(chunk.request_id)
        else:
            del self.flying[chunk.request_id]
        if chunk.end in ("end", "stop"):
            self._finish(branch, chunk.is_final)
        elif chunk.end == "aborted":
            tree.abort(node, chunk.reason or "The model could not go on.")
        elif chunk.end == "length" and not is_at_cap:
            self._finish(branch, False, "Stopped where the model's context is full.")
        elif branch.cap < branch.limit:
            share = f"It had used the {branch.cap:,} tokens that the budget left for it."
            self._cut(branch, BUDGET_ENDED if self.ledger.tokens_left() < 1 else share)
        else:
            self._finish(branch, False, f"Stopped at the limit of {branch.limit:,} tokens for one node.")
        self._settle()

    def _take(self, branch: Branch, chunk: Chunk) -> None:
        """Append what a chunk brings to its branch, and book it."""
        if chunk.pieces:
            self.run.tree.append(branch.node, chunk.pieces, chunk.logprobs, chunk.confidences)
        self.ledger.charge(chunk)
        self.unread_characters = 0  # whatever the prompt was, it has been read and counted now
        branch.spent_tokens += len(chunk.pieces) + chunk.discarded_tokens

    def _withdraw(self, request_id: int) -> Branch:
        """Take a branch out of the backend, with what it wrote until now."""
        branch = self.flying.pop(request_id)
        untold = self.backend.cancel(request_id)
        if untold is not None:
            self._take(branch, untold)
        return branch

    def _finish(self, branch: Branch, is_final: bool, reason: str = "") -> None:
        assert self.expand is not None
        node, confidences = branch.node, branch.node.token_confidences
        answer = None
        if is_final and node.kind != "critique":
            problem = self.run.tree.problem
            assert problem is not None
            thinking = node.turn()[0].thinking
            answer = answers.extract(problem, node.turn_text, self.backend.profile, thinking)
        if not reason:
            self.ledger.ended(self.expand.stop, branch.spent_tokens)
            ended = "The thought is complete." if self.expand.stop == THOUGHT else "The step is complete."
            reason = "The model ended its turn." if is_final else ended
        self.run.tree.finish(
            node,
            is_final=is_final,
            confidence=sum(confidences) / len(confidences) if confidences else None,
            answer=answer,
            reason=reason,
        )

    def _cut(self, branch: Branch, reason: str) -> None:
        self.was_cut = True
        self.run.tree.abort(branch.node, reason)

    def _settle(self) -> None:
        """Start the next wave once this one is over, or let the strategy go on once all are."""
        if self.flying or self._wave or self.expand is None:
            return
        if self._later:
            self._next_wave()
            if self._wave:
                return
        never_started = list(self._later)
        for branch in never_started:
            self._cut(branch, NEVER_STARTED)
        was_cut = any(branch.node.status == "aborted" for branch in self._branches)
        children = [branch.node for branch in self._branches]
        self.expand = None
        self._branches, self._later = [], deque()
        is_over = bool(never_started) or (was_cut and self.ledger.tokens_left() < 1)
        if self._judging is not None:
            self._hear_the_judge(children)
            children, self._judging = list(self._judging.nodes), None
        self.resume(None if is_over else children, is_exhausted=is_over)

    # ---- scoring ---------------------------------------------------------------------------------------

    def affordable(self, scorer: Scorer) -> list[Node]:
        """The first of the nodes to score that the budget can pay for."""
        assert self.score is not None
        nodes = [node for node in self.score.nodes if scorer.name not in node.scores]
        nodes = list(dict.fromkeys(nodes))
        costs = scorer.cost(nodes)
        left = self.ledger.tokens_left(parameters=scorer.parameters)
        spent = 0
        for index, tokens in enumerate(costs):
            spent += tokens
            if tokens and spent > left:
                return nodes[:index]
        return nodes

    def judge(self, nodes: Sequence[Node], verdicts: Sequence[Verdict], scorer: Scorer) -> None:
        """Record the verdicts on `nodes`, an abstention as no score at all, and let the strategy go on."""
        assert self.score is not None
        asked = list(self.score.nodes)
        for node, verdict in zip(nodes, verdicts, strict=True):
            if verdict.value is not None:
                self.run.tree.score(node, scorer.name, verdict.value, verdict.steps)
        judged = set(nodes)
        is_short = any(scorer.name not in node.scores and node not in judged for node in asked)
        self.score = None
        self.resume(None if is_short else asked, is_exhausted=is_short)

    def _question_to_the_judge(self, request: Score) -> Expand:
        """The judge is the model itself: a greedy critique under each node it was not asked about before."""
        nodes = [node for node in dict.fromkeys(request.nodes) if node not in self._judged]
        greedy = Sampling(temperature=0.0)
        return Expand(nodes, kind="critique", instruction="judge", sampling=greedy, thinking=False)

    def _hear_the_judge(self, critiques: Sequence[Node]) -> None:
        """Score each judged node by what its critique says in the end; what cannot be read abstains."""
        for critique in critiques:
            if critique.status == "aborted":
                continue
            judged = critique.parent
            assert judged is not None
            self._judged.add(judged)
            is_right = prompts.verdict(critique.text, self.backend.profile) if critique.is_final else None
            if is_right is None:
                critique.prune("It states no verdict in the form that was asked for, so it abstains.")
                continue
            critique.keep(f"Its verdict is {'right' if is_right else 'wrong'}.")
            self.run.tree.score(judged, JUDGE, float(is_right))

    # ---- checks ----------------------------------------------------------------------------------------

    def run_out_of_time(self) -> None:
        """The budget ended while programs ran that this run waits for; the strategy hears of it."""
        self.check = self.score = None
        self.resume(None, is_exhausted=True)

    def checked(self, findings: Sequence[Finding], seconds: float) -> None:
        """Record what a check found under each node, and let the strategy go on."""
        assert self.check is not None
        tree, children = self.run.tree, []
        for node, finding in zip(self.check.nodes, findings, strict=True):
            child = tree.add(node, "execution")
            tree.finish(child, text=finding.message, is_final=False, reason=finding.verdict)
            if finding.is_passed is not None:
                for one in (node, child):
                    tree.score(one, CHECK, float(finding.is_passed))
            children.append(child)
        self.ledger.charge_checking(seconds)
        self.check = None
        self.resume(children)
