from benchmarks.quantization import DYNAMIC, OURS, _compare_sessions, table


def test_sessions_count_together_and_alone() -> None:
    first, second = {OURS: [1.0, 3.0, 2.0], DYNAMIC: [2.0, 3.0, 2.0]}, {OURS: [2.0, 3.0, 4.0], DYNAMIC: [1.0, 2.0, 4.0]}
    found = _compare_sessions([first, second])
    assert found[OURS]["ratio"] == 1.0  # of 0.5, 1, 1, 1, 1.5 and 2
    assert found[OURS]["ratio_sessions"] == [1.0, 1.5]
    assert found[DYNAMIC]["ratio_sessions"] == [1.0, 1.0]


def test_table() -> None:
    variant = {
        "fb1": 92.876,
        "tags_equal_float32": 0.99954,
        "bytes": 13_900_000,
        "speed": {"1×16": 3.1, "1×64": 2.8, "1×128": 2.6, "8×16": 2.5, "8×64": 2.7},
        "times_dynamic": {"1×16": [0.987, 0.98, 0.99]},
        "batches": {"equal_length": {"tags_changed": 0.0011, "max_probability_difference": 0.3}},
        "products_in_integers": 12,
        "products_in_float": 5,
    }
    padded = {"tags_changed": 0.002, "max_probability_difference": 0.45}
    stock = variant | {"batches": variant["batches"] | {"padded": padded}}  # type: ignore[operator]
    lines = table({OURS: variant, "stock: some": stock}).splitlines()
    ours = "| int8 | 92.88 | 99.95 | 13.9 | 3.10 | 2.80 | 2.60 | 2.50 | 2.70 | 0.11 | 0.3 | 12 of 17 |"
    assert lines[2] == ours
    assert lines[3].endswith("| 0.20 | 0.45 | 12 of 17 |")  # as it is used, padded
    assert lines[-1] == "| median (sessions) | 0.987 (0.980–0.990) |"
