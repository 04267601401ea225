"""What a Linux kernel really admitted (6.18, in network namespaces), row by row."""

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.limits.chains import Topology
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.file import from_dict

DATA = Path(__file__).parent.parent / "data" / "kernel.csv"
ROWS = list(csv.DictReader(line for line in DATA.read_text("utf-8").splitlines() if not line.startswith("#")))


def topology(row: dict[str, str]) -> Topology:
    """The chain of a row: clients that have many more ports than flows, a cone, perhaps a proxy, services."""
    hops: list[dict[str, Any]] = [
        {"name": "nat", "kind": "cone", "addresses": int(row["cone_addresses"]), "ports": row["cone_ports"]}
    ]
    if row["capture"]:
        proxy: dict[str, Any] = {"name": "proxy", "kind": "hourglass", "capture": row["capture"]}
        proxy |= {"source": row["source"], "tracking": row["tracking"]}
        if row["source"] != "client-port":
            proxy |= {"ports": row["proxy_ports"], "allocation": row["allocation"]}
        if row["capture"] == "nat":
            proxy |= {"rewrite_ports": row["rewrite_ports"]}
            proxy |= {"listen_addresses": int(row["listen_addresses"])}
            proxy |= {"listen_ports": {"count": int(row["listen_ports"])}}
        hops.append(proxy)
    return {
        "clients": {"addresses": 9, "ports": "1024-65535"},
        "hops": hops,
        "services": {"addresses": int(row["service_addresses"]), "ports": int(row["service_ports"])},
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_measured_row(row: dict[str, str]) -> None:
    result = capacity(from_dict(topology(row)))
    assert result.flows == int(row["flows"])
    assert int(row["tried"]) > int(row["flows"])  # it was the chain that ended the row
    assert result.binding.hop != "clients"


def test_all_rows_are_there() -> None:
    assert len({row["id"] for row in ROWS}) == len(ROWS) == 24
    assert {row["capture"] for row in ROWS} == {"", "tproxy", "nat"}
