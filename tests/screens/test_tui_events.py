"""What happens between two views is told: what, why, and what to do."""

from dataclasses import replace

from core.model import LeaseId
from core.observed import Job, JobState
from core.quote import LossPolicy, Request
from core.view import RenterView
from renter_tui.app import SparecloudApp
from renter_tui.happenings import Happening, happened
from tests.screens.fake_agent import FakeAgent
from tests.screens.sample_view import sample
from tests.screens.screen_text import until_shown


def _later(**changes: object) -> RenterView:
    """The sample two seconds later, its first cluster changed."""
    view = sample()
    first = replace(view.clusters[0], **changes)  # type: ignore[arg-type]  # any of its fields
    return replace(view, now=view.now + 2, clusters=(first, *view.clusters[1:]))


def test_the_first_view_and_a_quiet_second_are_no_events() -> None:
    assert happened(None, sample()) == ()
    assert happened(sample(), replace(sample(), now=sample().now + 1)) == ()


def test_a_worker_that_is_lost_is_told_with_what_follows_from_the_policy() -> None:
    view = sample()
    workers = view.clusters[0].workers
    gone = replace(workers[0], state="lost", sentence="The worker disappeared.")
    hints = []
    for policy in LossPolicy:
        request = Request(workers[0].resources, 4, 3600, on_loss=policy)
        (told,) = happened(view, _later(workers=(gone, *workers[1:]), request=request))
        hints.append(told.hint)

    assert (told.subject, told.state) == ("etl-nightly, worker 0 (ada-thinkpad)", "lost")
    assert told.why == "The worker disappeared."
    assert hints == [
        "Another is leased within the sum that you confirmed.",
        "The cluster goes on with fewer; r makes it larger again.",
        "The cluster ends, as you wished it.",
    ]


def test_jobs_clusters_changes_and_troubles_are_told_in_order() -> None:
    view = sample()
    jobs = view.clusters[0].jobs
    ended = replace(jobs[2], state=JobState.FAILED, cause="It failed with exit code 1.")
    begun = Job("next-4", LeaseId("0x" + "a" * 64), JobState.RUNNING, view.now)
    later = _later(jobs=(*jobs[:2], ended, begun), changing="2 workers more on the way.")
    later = replace(later, problem="No chain node answers.", hint="Start it.")
    told = happened(view, later)
    over = happened(later, _later(jobs=(*jobs[:2], ended, begun), changing="", state="ended", ended=True))

    assert [(each.subject, each.state) for each in told] == [
        ("agent", "trouble"),
        ("etl-nightly", "changing"),
        ("etl-nightly, ranking-3", "failed"),
        ("etl-nightly, next-4", "running"),
    ]
    assert (told[0].why, told[0].hint) == ("No chain node answers.", "Start it.")
    assert [(each.subject, each.state) for each in over] == [("agent", "well"), ("etl-nightly", "ended")]
    assert over[1].hint.endswith("SPARE came back.")


async def test_events_are_listed_the_newest_first_filtered_and_explained() -> None:
    agent = FakeAgent(sample())
    app = SparecloudApp(agent)

    async with app.run_test(size=(110, 26)) as pilot:
        await until_shown(pilot, "9 donors")
        await pilot.press("4")
        await until_shown(pilot, "Nothing has happened since the application was opened.")
        await agent.publish(_later(changing="1 worker more on the way."))
        await until_shown(pilot, "1 event since", "◒ changing", "1 worker more on the way.")
        await agent.publish(replace(_later(state="closing", sentence="Closing."), problem="No node.", hint="Start it."))
        await until_shown(pilot, "3 events since", "▲ trouble", "◕ closing")
        await pilot.press("slash", *"closing", "enter")
        await until_shown(pilot, "filter: closing · 1 of 3 shown")
        await pilot.press("escape", "1")
        await until_shown(pilot, "9 donors")

    assert [each.state for each in app.happenings] == ["changing", "trouble", "closing"]


async def test_an_agent_that_goes_away_is_an_event_and_comes_once() -> None:
    agent = FakeAgent(sample())
    app = SparecloudApp(agent, first_wait_s=0.05)

    async with app.run_test(size=(110, 26)) as pilot:
        await until_shown(pilot, "9 donors")
        await agent.go_away()
        await pilot.press("4")
        await until_shown(pilot, "▲ trouble")
        await pilot.pause(0.4)

        assert app.happenings == [
            Happening(sample().now, "agent", "trouble", "The background agent ended."),
        ]
