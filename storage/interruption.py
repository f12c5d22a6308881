"""What becomes of a run whose process is gone: it is sealed as interrupted, with all that was stored."""

from __future__ import annotations

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from storage.presence import Presence
from storage.tables import EventRow, NodeRow, RunRow

RUN_REASON = "The program ended before the run did; what was stored until then is kept."
NODE_REASON = "The program ended here."


def interrupt(session: Session, presence: Presence) -> int:
    """Seal the unfinished runs of writers that are gone; returns how many."""
    unfinished = session.scalars(select(RunRow).where(RunRow.status.in_(["queued", "running"]))).all()
    is_gone = {writer: not presence.is_alive(writer) for writer in {run.writer for run in unfinished}}
    interrupted = [run for run in unfinished if is_gone[run.writer]]
    for run in interrupted:
        seal(session, run)
    return len(interrupted)


def seal(session: Session, run: RunRow) -> None:
    """End the run's log: what grew is aborted, by events like any other change, and tokens add up."""
    newest = session.execute(
        select(func.coalesce(func.max(EventRow.seq), -1), func.coalesce(func.max(EventRow.at_s), 0.0)).where(
            EventRow.run_id == run.id
        )
    ).one()
    last_seq, last_s = int(newest[0]), float(newest[1])
    of_run = NodeRow.run_id == run.id
    growing = session.scalars(
        select(NodeRow.id).where(of_run, NodeRow.status == "growing").order_by(NodeRow.id)
    ).all()
    judged = {"status": "aborted", "reason": NODE_REASON}
    log = [{"kind": "judged", "node": node, "data": judged} for node in growing]
    log.append({"kind": "ended", "node": None, "data": {"status": "interrupted", "reason": RUN_REASON}})
    rows = [
        event | {"run_id": run.id, "seq": last_seq + 1 + place, "at_s": last_s}
        for place, event in enumerate(log)
    ]
    session.execute(insert(EventRow), rows)
    session.execute(
        update(NodeRow)
        .where(of_run, NodeRow.status == "growing")
        .values(status="aborted", reason=NODE_REASON, finished_s=last_s)
    )
    generated = session.scalar(select(func.coalesce(func.sum(NodeRow.tokens), 0)).where(of_run)) or 0
    # The last figures may be some tokens older or newer than the last stored text; the text is what is kept.
    run.usage = run.usage | {
        "generated_tokens": generated,
        "seconds": max(last_s, run.usage.get("seconds", 0.0)),
    }
    run.spent_tokens = generated + run.usage["discarded_tokens"] + run.usage["scorer_tokens"]
    run.seconds = run.usage["seconds"]
    run.status, run.status_reason = "interrupted", RUN_REASON
