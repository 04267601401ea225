"""Numbers as Chinese keyboards write them: the error names the sign and the ASCII that is meant."""

import pytest

import tuplecalc as tc

ENDS = "clients.addresses = 9\nservices = {addresses = 2, ports = 80}\n"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("traffic.rate", "1.5万", '万 is no unit here: write "15000"'),
        ("traffic.rate", "15，000", '， is a full-width character: write "15,000"'),
        ("traffic.rate", "1５00", '５ is a full-width character: write "1500"'),
        ("traffic.hold", "60秒", '秒 is no unit here: write "60s"'),
        ("traffic.hold", "1分30秒", '分 is no unit here: write "1m30s"'),
        ("traffic.hold", "“60s”", '“ is a full-width character: write "60s"'),
        ("clients.addresses", "1万", '万 is no unit here: write "10000"'),
        ("clients.ports", "1024－2047", '－ is a full-width character: write "1024-2047"'),
        ("services.ports", "80，443", '， is a full-width character: write "80,443"'),
    ],
)
def test_a_sign_that_is_not_ascii_is_named(key: str, value: str, said: str) -> None:
    with pytest.raises(tc.TuplecalcError) as error:
        tc.example("cone", [f"{key}={value}"])
    assert str(error.value).endswith(f"; {said}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("traffic.rate = 1.5万", '; 万 is no unit here: write "15000"'),
        ("traffic.hold = 60秒  # one minute", '; 秒 is no unit here: write "60s"'),
    ],
)
def test_it_is_named_without_quotes_too(line: str, said: str) -> None:
    with pytest.raises(tc.InputError) as error:
        tc.loads(f"{ENDS}{line}\n")
    assert str(error.value).endswith(said)


def test_addresses_that_are_written_twice_are_known() -> None:
    found = tc.AddressSet(["198.18.0.0/26", "198.18.0.9", "198.18.0.60-198.18.0.70"])
    assert (found.size, found.repeated) == (71, 5)
    assert found == tc.AddressSet("198.18.0.0-198.18.0.70")
    assert tc.AddressSet(["198.18.0.0/26", 7]).repeated == 0


def test_two_spellings_of_one_letter_are_one_name() -> None:
    hops = "".join(
        f'[[hops]]\nname = "{name}"\nkind = "hourglass"\nlayer = 3\n' for name in ("caf\u00e9", "cafe\u0301")
    )
    with pytest.raises(tc.ChainError, match="another hop has this name"):
        tc.loads(f"{ENDS}{hops}")
    one = tc.loads(f'{ENDS}[[hops]]\nname = "cafe\u0301"\nkind = "hourglass"\nlayer = 3\n')
    assert one.hops[0].name == "caf\u00e9"
