"""Terraform: NATs and network load balancers of states and plans, and JSON of wrong shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.drafts import (
    FIXTURES,
    all_values,
    chain_of,
    fixture,
    loads_or_is_refused,
    remarks,
    texts,
    unknown,
    values,
)
from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.cone import Cone
from tuplecalc.network.file import loads
from tuplecalc.sources.clouds.terraform import READER
from tuplecalc.sources.draft import Draft
from tuplecalc.sources.written import written


def read(*resources: tuple[str, dict[str, Any]]) -> Draft:
    """A state with resources of these types, named x0, x1 …"""
    written = [
        {"address": f"{kind}.x{n}", "mode": "managed", "type": kind, "values": given}
        for n, (kind, given) in enumerate(resources)
    ]
    document = {"format_version": "1.0", "terraform_version": "1.11.4"}
    state = {**document, "values": {"root_module": {"resources": written}}}
    draft = READER.read(texts(t_json=json.dumps(state)))
    chain_of(draft)
    return draft


def test_a_state_of_aws_has_a_kind_of_traffic_for_each_gateway_and_balancer() -> None:
    draft = READER.read(fixture("terraform/aws.json"))
    assert [{k: v for k, v in values(hop).items() if k not in ("name", "traffic")} for hop in draft.hops] == [
        {"kind": "cone", "preset": "aws-nlb-ip", "virtual": {"addresses": 2, "ports": 8883}},
        {"kind": "hourglass", "preset": "aws-nlb-client-ip", "virtual": {"addresses": 2, "ports": 22}},
        {"kind": "cone", "preset": "aws-nat-gateway", "addresses": ["203.0.113.1", "203.0.113.3"]},
        {"kind": "cone", "preset": "aws-nat-gateway", "addresses": "203.0.113.2"},
        {"kind": "cone", "preset": "aws-nat-gateway", "addresses": 8},
    ]
    assert [values(hop)["name"] for hop in draft.hops] == [
        "aws_lb.mqtt",
        "aws_lb.mqtt-2",
        "module.net.aws_nat_gateway.this[0]",
        "module.net.aws_nat_gateway.this[1]",
        "module.net.module.private.aws_nat_gateway.inner",
    ]
    brokers, ssh, outside = "aws_lb_target_group.brokers", "aws_lb_target_group.ssh", "outside"
    assert all_values(draft.services) == [
        {"name": brokers, "addresses": ["198.18.6.1", "198.18.6.2", "198.18.6.3"], "ports": 1883},
        {"name": ssh, "addresses": 1, "ports": 2222},
        {"name": outside, "addresses": 1, "ports": 80},
    ]
    assert unknown(draft.services[2]) == {"addresses", "ports"}
    assert [values(kind)["services"] for kind in draft.kinds] == [[brokers], [ssh], *[[outside]] * 3]
    assert {values(kind)["share"] for kind in draft.kinds} == {"1/5"}
    assert all(unknown(kind) == {"share"} for kind in draft.kinds)
    assert remarks(draft) == {
        "aws.json: aws_lb_listener.mqtt": "it ends TLS: counted as if it passed it on",
        "aws.json: aws_lb_listener.syslog": "UDP only: not counted",
        "aws.json: aws_lb.web": "no network load balancer: it has no numbers in the presets",
    }
    assert draft.passed_over == {"data.aws_ami": 1, "aws_subnet": 2}
    assert capacity(chain_of(draft)).flows == 5 * 55_000  # the gateway of one address, a fifth of all


def test_a_plan_of_google_counts_what_is_not_known_yet() -> None:
    draft = READER.read(fixture("terraform/google-plan.json"))
    static, dynamic = draft.hops
    assert {key: said.value for key, said in static.items() if key not in ("name", "traffic")} == {
        "kind": "cone",
        "preset": "google-cloud-nat",
        "addresses": 2,
        "block": 1024,  # 1,000, rounded up to a power of two
        "time_wait": "45s",
        "udp_timeout": "20s",
        "mapping": "endpoint-independent",
    }
    assert static["block"].where == "google-plan.json: google_compute_router_nat.static.min_ports_per_vm"
    assert values(dynamic)["client_ports"] == 4096
    assert values(dynamic)["preset"] == "google-cloud-nat-dynamic"
    assert unknown(dynamic) == {"addresses", "time_wait"}
    assert [remark.said for remark in draft.remarks] == ["rules"]
    assert not draft.services
    chain_of(draft)


def test_a_state_file_of_azure_with_blocks_of_addresses_and_outbound_rules() -> None:
    draft = READER.read(fixture("terraform/azure.tfstate"))
    assert [{k: v for k, v in values(hop).items() if k not in ("traffic", "kind")} for hop in draft.hops] == [
        {
            "name": "module.hub.azurerm_nat_gateway.main",
            "preset": "azure-nat-gateway",
            "addresses": ["203.0.113.10", "203.0.113.16/30"],
        },
        {
            "name": "azurerm_lb_outbound_rule.by_number",
            "preset": "azure-load-balancer",
            "addresses": 1 + 16,  # a block that is not here has the provider's default of /28
            "block": 8000,
        },
        {
            "name": "azurerm_lb_outbound_rule.by_size",
            "preset": "azure-load-balancer-default",
            "addresses": "203.0.113.11",
        },
    ]
    assert [remark.why for remark in draft.remarks] == ["UDP only: not counted"]
    assert draft.passed_over == {"azurerm_resource_group": 1}
    chain_of(draft)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([("aws_nat_gateway", {"public_ip": "203.0.113.1"})], {"addresses": "203.0.113.1"}),
        ([("aws_nat_gateway", {"secondary_allocation_ids": [None, None]})], {"addresses": 3}),
        (
            [("aws_nat_gateway", {"id": "n"}), ("aws_nat_gateway_eip_association", {"nat_gateway_id": "n"})],
            {"addresses": 2},
        ),
        ([("aws_nat_gateway", {}), ("aws_nat_gateway_eip_association", {})], {"addresses": 2}),
        (
            [("aws_nat_gateway", {"id": "n"}), ("aws_nat_gateway_eip_association", {"nat_gateway_id": "m"})],
            {"addresses": 1},
        ),
        (
            [
                (
                    "aws_nat_gateway",
                    {
                        "connectivity_type": "private",
                        "private_ip": "198.18.0.5",
                        "secondary_private_ip_addresses": ["198.18.0.6"],
                    },
                )
            ],
            {"addresses": ["198.18.0.5", "198.18.0.6"]},
        ),
        ([("google_compute_router_nat", {"min_ports_per_vm": 64})], {"block": 64, "addresses": 1}),
        ([("google_compute_router_nat", {"min_ports_per_vm": 57344})], {"block": 64512}),
        ([("google_compute_router_nat", {"min_ports_per_vm": 70000})], {"block": None}),
        (
            [
                ("google_compute_router_nat", {"nat_ips": ["https://g/a"]}),
                ("google_compute_address", {"self_link": "https://g/a", "address": "203.0.113.9"}),
            ],
            {"addresses": "203.0.113.9"},
        ),
        ([("azurerm_nat_gateway", {"public_ip_address_ids": ["/a", "/A", "/b"]})], {"addresses": 2}),
        ([("azurerm_nat_gateway", {})], {"addresses": 1, "most": None}),
        (
            [("azurerm_nat_gateway", {"public_ip_prefix_ids": ["/a", "/b"]})],
            {"addresses": 32, "most": {"addresses": 32}},  # more than the 16 of the preset
        ),
        (
            [("azurerm_lb_outbound_rule", {"frontend_ip_configuration": [{}]})],
            {"block": 1024, "addresses": 1},
        ),
        (
            [
                (
                    "tencentcloud_nat_gateway",
                    {"assigned_eip_set": ["203.0.113.1", "203.0.113.2"], "max_concurrent": 9},
                )
            ],
            {"preset": "tencent-nat-gateway", "addresses": ["203.0.113.1", "203.0.113.2"], "max_entries": 9},
        ),
    ],
)
def test_one_nat(resources: list[tuple[str, dict[str, Any]]], expected: dict[str, object]) -> None:
    (hop,) = read(*resources).hops
    assert {key: values(hop).get(key) for key in expected} == expected


def test_what_belongs_to_one_of_several_gateways_is_not_guessed() -> None:
    draft = read(("aws_nat_gateway", {}), ("aws_nat_gateway", {}), ("aws_nat_gateway_eip_association", {}))
    assert [values(hop)["addresses"] for hop in draft.hops] == [1, 1]
    assert remarks(draft) == {
        "t.json: aws_nat_gateway_eip_association.x2.nat_gateway_id": (
            "which aws_nat_gateway it belongs to is known after apply: terraform show -json of the state"
        )
    }


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ({"target_type": "instance"}, "aws-nlb-client-ip"),
        ({}, "aws-nlb-client-ip"),
        ({"target_type": "ip"}, "aws-nlb-ip"),
        ({"target_type": "ip", "preserve_client_ip": "true"}, "aws-nlb-client-ip"),
        ({"target_type": "ip", "preserve_client_ip": True}, "aws-nlb-client-ip"),
        ({"target_type": "instance", "preserve_client_ip": "false"}, "aws-nlb-ip"),
    ],
)
def test_whether_a_network_balancer_shows_its_clients(group: dict[str, Any], expected: str) -> None:
    draft = read(
        ("aws_lb", {"load_balancer_type": "network"}),
        ("aws_lb_listener", {"port": 443, "protocol": "TCP", "default_action": [{}]}),
        ("aws_lb_target_group", {"port": 8443, **group}),
    )
    (hop,) = draft.hops
    assert values(hop)["preset"] == expected
    assert unknown(hop) == {"virtual"}  # how many zones it has is not said
    assert all_values(draft.services) == [{"name": "aws_lb_target_group.x2", "addresses": 1, "ports": 8443}]
    assert unknown(draft.services[0]) == {"addresses"}


def test_a_balancer_without_targets_is_remarked_on() -> None:
    draft = read(
        ("aws_nat_gateway", {}),
        ("aws_lb", {"load_balancer_type": "network", "arn": "l"}),
        ("aws_lb_listener", {"load_balancer_arn": "l", "default_action": [{"target_group_arn": "gone"}]}),
    )
    assert [remark.why for remark in draft.remarks] == [
        "its target group is not known here",
        "no target group is behind it: it is not counted",
    ]
    assert len(draft.hops) == 1


@pytest.mark.parametrize(
    "written",
    [
        '{"format_version":"1.0"}',
        '{"format_version": "1.0", "values": {"root_module": {}}}\n',
        '{"version": 4, "terraform_version": "1.9.0", "resources": []}',
        '{"format_version":"1.0","terraform_version":"1.9.0","values":{"root_module":{}}}',
    ],
)
def test_a_state_without_resources_is_known(written: str) -> None:
    assert READER.recognises(texts(a_json=written))
    said = (
        "^source: it has no resources: nothing was applied, or it is the state of another folder; terraform"
    )
    with pytest.raises(InputError, match=said):
        READER.read(texts(a_json=written))


def test_resources_of_which_none_is_known_are_an_error() -> None:
    with pytest.raises(InputError) as caught:
        read(("aws_instance", {}))
    assert str(caught.value) == (
        "source: no NAT and no network load balancer is among its resources: aws_nat_gateway, "
        "google_compute_router_nat, azurerm_nat_gateway, azurerm_lb_outbound_rule, tencentcloud_nat_gateway, "
        "aws_lb, aws_alb"
    )


@pytest.mark.parametrize("written", ["", "{}", '{"configs": []}', 'resource "aws_lb" "x" {}'])
def test_other_sources_are_not_recognised(written: str) -> None:
    assert not READER.recognises(texts(a=written))


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 10**20)
    | st.sampled_from(["", "a\tb", "::/0", "198.18.0.1-9", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "values", "arn"]), inner)
    ),
    max_leaves=6,
)


@given(st.data())
def test_json_of_other_shapes_loads_or_is_refused_in_our_words(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["aws.json", "google-plan.json", "azure.tfstate"]))
    document = json.loads((FIXTURES / "terraform" / name).read_text())
    for _ in range(data.draw(st.integers(1, 4))):
        node, steps = document, data.draw(st.integers(2, 9))
        for step in range(steps):
            if not node or not isinstance(node, dict | list):
                break
            key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
            if step == steps - 1:
                node[key] = data.draw(_VALUES)
            node = node[key]
    loads_or_is_refused(READER, texts(a_json=json.dumps(document)))


@given(st.text(max_size=30), st.integers(0, 3000))
def test_any_text_is_read_or_refused_in_our_words(written: str, at: int) -> None:
    whole = (FIXTURES / "terraform" / "google-plan.json").read_text()
    for source in (texts(a=written), texts(a=whole[:at] + written + whole[at:])):
        if READER.recognises(source):
            loads_or_is_refused(READER, source)


def test_two_rules_that_take_the_same_address_are_counted_apart_and_it_is_said() -> None:
    document = (FIXTURES / "terraform" / "azure.tfstate").read_text().replace('"Udp"', '"Tcp"')
    source = texts(a_json=document)
    made = written([(source, READER.read(source))])
    assert [hop.addresses.size for hop in loads(made.text).hops if isinstance(hop, Cone)] == [5, 17, 1, 1]
    (remark,) = (each for each in made.remarks if "203.0.113.11" in each.said)
    assert remark.why.startswith("not taken: an address is of one machine")
    assert ", unknown: whether ports are taken from the same addresses elsewhere" in made.text
