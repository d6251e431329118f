from benchmarks.bench_steps import measure, summary


async def test_both_languages_are_measured_in_turns() -> None:
    times = await measure(rounds=4)

    assert [len(times[name]) for name in ("cold", "python", "node")] == [1, 4, 4]
    assert summary(times)["most"] >= summary(times)["median overhead"] >= summary(times)["least"]
