import pytest

from benchmarks.peers import PEERS, PeerMissingError, check_bfloat16


@pytest.mark.parametrize("flags", [(), ("avx2", "avx512_bf16"), ("amx_bf16",), ("asimd", "bf16")])
def test_bfloat16_where_the_cpu_has_it_or_does_not_say(flags: tuple[str, ...]) -> None:
    check_bfloat16(flags)


def test_no_bfloat16_where_it_would_be_imitated() -> None:
    with pytest.raises(PeerMissingError, match="none of amx_bf16, avx512_bf16, bf16"):
        check_bfloat16(("avx2", "avx512_vnni"))


def test_each_precision_says_whether_it_is_bfloat16() -> None:
    named = {name for name in PEERS if "bfloat16" in name}
    assert len(named) == 3
    assert {name for name, peer in PEERS.items() if peer.variant.get("precision") == "bfloat16"} == named
