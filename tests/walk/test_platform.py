"""A platform engineer: pods, nodes, an egress address, a gate in the pipeline."""

from tests.walk.chains import EDGE, EDGE_CARRIES
from tests.walk.newcomer import Newcomer


def test_a_cloud_nat_from_its_preset(me: Newcomer) -> None:
    text = EDGE.replace('kind = "cone"', "preset = …")
    for guess in ('"aws-nat"', '"AWS NAT gateway"', '"aws"'):
        me.guesses_in_a_file(
            text, guess, led_to='"aws-nat-gateway"', then='"aws-nat-gateway"', answer="110,000"
        )


def test_cilium_and_its_presets(me: Newcomer) -> None:
    right = "tuplecalc presets cilium-egress-gateway"
    me.guesses("tuplecalc presets cilium", led_to="cilium-egress-gateway", then=right, answer="cilium-egress")


def test_an_endpoint_with_its_port(me: Newcomer) -> None:
    text = EDGE.replace('addresses = "203.0.113.9"\nports = 443', "…")
    me.guesses_in_a_file(
        text,
        'addresses = "203.0.113.9:443"\nports = 443',
        led_to="address",
        then='addresses = "203.0.113.9"\nports = 443',
        answer=EDGE_CARRIES,
    )
    me.guesses_in_a_file(
        text,
        'addresses = "api.example.com"\nports = 443',
        led_to="write",
        then="addresses = 1\nports = 443",
        answer=EDGE_CARRIES,
    )


def test_clients_that_are_linux(me: Newcomer) -> None:
    text = EDGE.replace("addresses = 2000\n", "addresses = 2000\npreset = …\n")
    me.guesses_in_a_file(text, '"linux"', led_to='"linux-client"', then='"linux-client"', answer=EDGE_CARRIES)


def test_keys_of_the_proxies_themselves(me: Newcomer) -> None:
    text = EDGE.replace('kind = "cone"\naddresses = 2', 'kind = "hourglass"\ncapture = "listen"\n…')
    for guess, led_to in (("maxconn = 20000", "max_files"), ("keepalive = 60", "connections_per_flow")):
        me.guesses_in_a_file(text, guess, led_to=led_to, then=f"{led_to} = 1", answer="670/s")


def test_the_gate_of_a_pipeline(me: Newcomer) -> None:
    me.writes("edge.toml", EDGE)
    me.writes("more.toml", EDGE.replace("670", "1000"))
    assert me.types("tuplecalc capacity edge.toml --most-failing 0.1%").status == 0
    closed = me.types("tuplecalc capacity edge.toml more.toml --most-failing 0.1%")
    assert closed.status == 1
    assert "more.toml: --most-failing 0.1%: " in closed.text
    me.guesses(
        "tuplecalc capacity edge.toml --fail-above 80",
        led_to="write --fail-above 80%",
        then="tuplecalc capacity edge.toml --fail-above 80%",
        answer=EDGE_CARRIES,
    )


def test_yaml_is_no_chain_file(me: Newcomer) -> None:
    me.writes("chain.yaml", "clients:\n  addresses: 4\n")
    said = me.types("tuplecalc capacity chain.yaml")
    assert said.status == 2
    assert "TOML" in said.text


def test_the_answer_for_a_program(me: Newcomer) -> None:
    me.writes("edge.toml", EDGE)
    me.guesses(
        "tuplecalc capacity edge.toml -o yaml",
        led_to="json",
        then="tuplecalc capacity edge.toml -o json",
        answer='"flows": 129024',
    )
