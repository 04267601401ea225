"""``tuplecalc presets``, and what ``capacity`` says of the presets that it used."""

import json
import re
import subprocess
import sys
import tomllib

import pytest

import tuplecalc as tc
from tests.command import bare, invoke, refused, run, terminal
from tuplecalc.network.preset_words import OTHER_NAMES, with_word
from tuplecalc.network.presets import presets
from tuplecalc.render.html import fragment

OVERRIDDEN = """
clients = { addresses = 9, preset = "linux-client" }
services = { addresses = 1, ports = 80 }
hops = [
  { name = "nat", preset = "aws-nat-gateway", addresses = 2, time_wait = "30s" },
  { name = "out", preset = "tencent-nat-gateway", addresses = 2 },
]
"""
AWS = "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html"
TENCENT = "https://www.tencentcloud.com/document/product/1015/30230"
CITED = [
    "clients use the preset linux-client: ports, allocation, time_wait "
    "from https://docs.kernel.org/networking/ip-sysctl.html and 2 more sources "
    "(Linux 6.x, article of 2022-02-02).",
    f"nat uses the preset aws-nat-gateway: ports from {AWS} and 2 more sources (undated, commit 06e98d97).",
    f"out uses the preset tencent-nat-gateway: ports from {TENCENT} (2024-01-04). No source gives its "
    "time_wait: tuplecalc's own default of 120 s stands.",
]


def test_the_list_has_a_line_for_each_that_fits_a_terminal() -> None:
    lines = invoke("presets").stdout.splitlines()
    assert sorted(line.split()[0] for line in lines) == sorted(presets())
    assert max(map(len, lines)) <= 80
    kinds = [line.split()[1] for line in lines]
    assert kinds == sorted(kinds)
    for line in lines:
        found = presets()[line.split()[0]]
        assert line.endswith(f" {found.title}")
        assert line.split()[1] == found.kind
    assert terminal("presets").splitlines() == lines


@pytest.mark.parametrize("name", list(presets()))
def test_a_preset_is_printed_as_a_table_to_paste(name: str) -> None:
    text = invoke("presets", name).stdout
    found = presets()[name]
    ends = {"clients": {"addresses": 4}, "services": {"addresses": 1, "ports": 80}}
    pasted = tc.from_dict(ends | tomllib.loads(text))
    assert pasted.shape
    part = pasted.clients[0] if found.kind == "clients" else pasted.hops[0]
    assert (sorted(part.kept), part.largest) == (sorted(found.fixed), dict(found.most))
    table, _, commented = text.partition(" otherwise:\n")
    assert tomllib.loads(commented.replace("# ", "", 1).replace("\n# ", "\n")) == found.values
    words = " ".join(text.replace("\n# ", " ").split())
    for said in (found.title, found.why, found.caveats, found.date, *found.source):
        assert " ".join(said.split()) in words
    for key in found.needs:
        assert "# needed: this is an example" in next(filter(re.compile(key).match, text.splitlines()))
    assert not found.unknown or f"no source gives {', '.join(found.unknown)};" in words
    long = [line for line in table.splitlines() if len(line) > 80]
    assert all(len(line.split()) == 2 or not line.startswith("#") for line in long)  # one address


def test_json_of_the_list_and_of_one() -> None:
    every = json.loads(invoke("presets", "-o", "json").stdout)["presets"]
    assert [each["name"] for each in every] == list(presets())
    one = json.loads(invoke("presets", "haproxy", "-o", "json").stdout)
    assert one.pop("schema_version") == 1
    assert one in every
    keys = [
        "name",
        "title",
        "kind",
        "needs",
        "source",
        "date",
        "why",
        "caveats",
        "nat64",
        "platform",
        "unknown",
        "fixed",
        "most",
        "least",
        "multiples",
        "powers",
        "knobs",
        "values",
    ]
    assert list(one) == keys
    assert one["values"]["capture"] == "listen"


def test_an_unknown_preset_is_refused() -> None:
    message = '"haproxi": no preset has this name; did you mean "haproxy"? `tuplecalc presets` lists them'
    assert refused(run("presets", "haproxi")) == message


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("aws-nat", ["aws-nat-gateway"]),
        ("LVS-NAT", ["lvs-nat"]),
        ("AWS", ["aws-nat-gateway", "aws-nlb-ip", "aws-nlb-client-ip"]),
        ("cilium", ["cilium-egress-gateway", "cilium-before-2025"]),
        ("nlb", ["aws-nlb-ip", "aws-nlb-client-ip"]),
        ("Docker", ["linux-snat"]),
        ("iptables", ["linux-snat", "linux-router"]),
        ("gcp", ["google-cloud-nat", "google-cloud-nat-dynamic", "google-cloud-nat-before-2026"]),
        ("google", ["google-cloud-nat", "google-cloud-nat-before-2026", "google-cloud-nat-dynamic"]),
        ("eks", ["linux-snat", "aws-nat-gateway", "aws-nlb-ip", "aws-nlb-client-ip"]),
        ("linkerd", ["istio-outbound", "istio-inbound-redirect", "istio-inbound-tproxy"]),
        ("masquerading", ["cilium-egress-gateway", "cilium-before-2025"]),
        ("oversubscription", ["palo-alto-dipp"]),
        ("starlink", ["rfc-cgn"]),
    ],
)
def test_a_word_finds_presets(word: str, names: list[str]) -> None:
    found = json.loads(invoke("presets", word, "-o", "json").stdout)
    assert [each["name"] for each in found.get("presets", [found])] == names


def test_two_names_are_two_presets() -> None:
    both = invoke("presets", "haproxy", "nginx").stdout
    assert both == "\n".join(invoke("presets", name).stdout for name in ("haproxy", "nginx"))
    said = json.loads(invoke("presets", "haproxy", "nginx", "-o", "json").stdout)["presets"]
    assert [each["name"] for each in said] == ["haproxy", "nginx"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["aws", "nat"], ["aws-nat-gateway"]),
        (["kernel", "6.1"], ["linux-snat", "linux-router"]),
        (["kernel/6.1/kubernetes"], ["linux-snat"]),
        (["k8s", "iptables"], ["linux-snat"]),
        (["haproxy", "nlb"], ["haproxy", "aws-nlb-client-ip", "aws-nlb-ip"]),
    ],
)
def test_several_words_find_what_each_is_about_else_all(words: list[str], names: list[str]) -> None:
    found = json.loads(invoke("presets", *words, "-o", "json").stdout)
    assert sorted(each["name"] for each in found.get("presets", [found])) == sorted(names)


def test_a_near_miss_of_another_name_leads_to_presets() -> None:
    way_out = 'did you mean "linux-snat" or "lvs-nat" or "cilium-egress-gateway"?'
    message = f'"kubernets": no preset has this name; {way_out} `tuplecalc presets` lists them'
    assert refused(run("presets", "kubernets")) == message
    assert refused(run("presets", "haproxy", "kubernets")) == message


def test_another_name_is_said_to_be_none_of_a_preset() -> None:
    assert invoke("presets", "k8s").stderr == "6 presets for k8s:\n"
    assert not invoke("presets", "google").stderr


def test_every_other_name_leads_to_presets() -> None:
    assert {each for names in OTHER_NAMES.values() for each in names} <= presets().keys()
    assert not OTHER_NAMES.keys() & presets().keys()
    assert with_word("cgn", presets())[0] == "rfc-cgn"  # though vyos-cgnat has the word


@pytest.mark.parametrize("word", ["nonsense", "cloudflare"])
def test_what_helps_nobody_is_not_offered(word: str) -> None:
    assert refused(run("presets", word)) == (
        f'"{word}": no preset has this name or tells of it; `tuplecalc presets` lists them; '
        "without one, write the ports and timers that its maker documents"
    )


# Citations.


def unwrapped(text: str) -> str:
    return " ".join(bare(text).split())


def test_the_table_cites_what_it_used() -> None:
    text = invoke("capacity", "-", stdin=OVERRIDDEN).stdout
    assert unwrapped(text).endswith(" ".join(CITED))
    assert AWS in text  # whole, not cut at the end of a line
    assert "preset" not in invoke("capacity", "cone").stdout


def test_an_address_wider_than_a_line_stays_whole() -> None:
    topology = OVERRIDDEN.replace("tencent-nat-gateway", "palo-alto-dipp")
    reference = presets()["palo-alto-dipp"].reference
    assert len(reference) > 100
    assert f"\n{reference}\n" in invoke("capacity", "-", stdin=topology).stdout


def test_markdown_cites_what_it_used() -> None:
    paragraphs = invoke("capacity", "-", "-o", "markdown", stdin=OVERRIDDEN).stdout.replace("\\_", "_")
    assert paragraphs.rstrip("\n").split("\n\n")[-3:] == CITED
    assert "preset" not in invoke("capacity", "cone", "-o", "markdown").stdout


def test_json_cites_what_it_used() -> None:
    clients, nat, out = json.loads(invoke("capacity", "-", "-o", "json", stdin=OVERRIDDEN).stdout)["presets"]
    assert clients["values"] == {"ports": "32768-60999", "allocation": "tuple", "time_wait": "60s"}
    assert nat["values"] == {"ports": {"count": 55000}}
    assert out == {
        "hop": "out",
        "name": "tencent-nat-gateway",
        "title": "Tencent Cloud public NAT gateway",
        "values": {"ports": {"count": 55000}},
        "source": [TENCENT],
        "date": "2024-01-04",
        "unknown": {"time_wait": 120},
        "left_out": [],
    }
    assert json.loads(invoke("capacity", "cone", "-o", "json").stdout)["presets"] == []


def test_csv_says_nothing_of_presets() -> None:
    text = invoke("capacity", "-", "-o", "csv", stdin=OVERRIDDEN).stdout
    assert "preset" not in text
    assert "nat,cone,ports,55000,2,1,30.0" in text


def test_a_notebook_cites_what_it_used() -> None:
    html = fragment(tc.capacity(tc.loads(OVERRIDDEN)))
    linked = [re.sub(r"https://\S+", r'<a href="\g<0>" rel="noopener">\g<0></a>', each) for each in CITED]
    assert all(f"<p><small>{said.replace(chr(39), '&#39;')}</small></p>" in html for said in linked)
    assert "<small>clients" not in fragment(tc.capacity(tc.example("cone")))


def test_where_nothing_of_a_preset_is_left_that_is_said() -> None:
    text = invoke(
        "capacity", "-", "--set", "hops.out.ports=1-9", "--set", "hops.out.time_wait=5", stdin=OVERRIDDEN
    )
    said = "out uses nothing of the preset tencent-nat-gateway: all of its values are written otherwise."
    assert unwrapped(text.stdout).endswith(said)


def test_of_very_many_presets_the_first_are_cited() -> None:
    hops = ",".join(f'{{name = "n{i}", preset = "aws-nat-gateway", addresses = 2}}' for i in range(14))
    topology = f"clients.addresses = 9\nservices = {{addresses = 1, ports = 80}}\nhops = [{hops}]"
    text = unwrapped(invoke("capacity", "-", stdin=topology).stdout)
    assert text.count("uses the preset") == 12
    assert text.endswith("2 more hops use a preset.")
    assert len(json.loads(invoke("capacity", "-", "-o", "json", stdin=topology).stdout)["presets"]) == 14


def test_set_gives_a_hop_a_preset() -> None:
    text = invoke("capacity", "cone", "--set", "hops.nat.preset=aws-nat-gateway", "-o", "json").stdout
    (use,) = json.loads(text)["presets"]
    assert (use["hop"], use["name"]) == ("nat", "aws-nat-gateway")


@pytest.mark.parametrize(
    "command", ["import tuplecalc", "capacity", "capacity -o json", "capacity -o markdown"]
)
def test_the_file_of_presets_is_read_only_where_one_is_asked_for(command: str) -> None:
    code = "import tuplecalc\n"
    if command.startswith("capacity"):
        words = [*command.split(), "outage"]
        code += f"from tests.command import invoke\nassert invoke(*{words!r}).exit_code == 0\n"
    code += "from tuplecalc.network.presets import presets, preset\n"
    code += "assert presets.cache_info().currsize == 0\npreset('haproxy')\n"
    code += "assert presets.cache_info().currsize == 1"
    subprocess.run([sys.executable, "-c", code], check=True)
