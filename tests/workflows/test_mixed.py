from tailrace.testing import run_workflow
from workflows.mixed import workflow


def test_steps_of_both_languages_send_in_order_and_see_each_others_exports() -> None:
    run = run_workflow(workflow, body={"planet": "Endor"})

    assert run.error is None
    assert run.sent == [
        ("progress", {"text": "Landed on Endor", "percent": 0}),
        *(("names", {"name": name}) for name in ("Luke", "Han", "Leia", "Obi Wan")),
        ("greetings", {"text": "Luke, welcome to Endor!"}),
        ("greetings", {"text": "Leia, welcome to Endor!"}),
        ("progress", {"text": "Greeted 2 on Endor", "percent": 100}),
    ]
    assert len(run.result.batches) == 1
    assert run.response is not None
    assert run.response.body == ["Luke, welcome to Endor!", "Leia, welcome to Endor!"]
