"""DNAT to others and IPVS: virtual services, and what is left to chains of their own."""

from tests.sources.host.drafts import values
from tests.sources.host.gateway import IPVS, SERVICES, SSH, TABLE, WEB, draft, hops, saved, whys


def test_dnat_to_others() -> None:
    made = draft(saved(nat=WEB + SSH))
    virtual = {"addresses": "198.18.0.7", "ports": 80}
    assert hops(made) == [{"name": "balancer", "kind": "hourglass", "layer": 4, **TABLE, "virtual": virtual}]
    assert [values(each) for each in made.services] == SERVICES
    assert whys(made) == [("iptables.txt:9", "another virtual service: a chain of its own")]
    made = draft(saved(nat="-A PREROUTING -m addrtype --dst-type LOCAL -j DNAT --to-destination 198.18.2.3"))
    said = made.hops[0]["virtual"]
    assert said.value == {"addresses": "203.0.113.5", "ports": "1-65535"}
    assert said.unknown == "which addresses clients use, which ports clients use"
    assert whys(made) == [("iptables.txt:7", "it is for fewer flows than counted here: --dst-type LOCAL")]
    both = WEB + WEB.replace("--dport 80", "--dport 81")
    made = draft(saved(nat=both))
    assert hops(made)[0]["virtual"] == {"addresses": "198.18.0.7", "ports": "80-81"}
    assert made.remarks == ()
    made = draft(
        saved(
            nat=both.replace(
                "81 -j DNAT --to-destination 198.18.2.2", "81 -j DNAT --to-destination 198.18.2.9"
            )
        )
    )
    assert [why for _, why in whys(made)] == [
        "each leads to servers of its own; counted as if any led to all"
    ]


def test_dnat_and_masquerade_of_the_same_flows() -> None:
    made = draft(saved(nat=WEB + "-A POSTROUTING -j MASQUERADE"))
    (cone,) = hops(made)
    assert (cone["kind"], cone["virtual"]["ports"]) == ("cone", 80)
    assert [values(each) for each in made.services] == SERVICES
    for others in ("-m conntrack --ctstate DNAT", "-m ipvs --vaddr 198.18.0.7/32"):
        made = draft(saved(nat=f"{WEB}-A POSTROUTING {others} -j MASQUERADE"))
        assert "virtual" in hops(made)[0]
        assert made.remarks == (), "the flows that it is for are those that are counted"
    made = draft(saved(nat=f"{WEB}-A POSTROUTING -m ipvs --vaddr 198.18.0.9/32 -j MASQUERADE"))
    assert whys(made) == [
        ("iptables.txt:9", "it is for fewer flows than counted here: --vaddr 198.18.0.9/32")
    ]
    to_servers = [f"-A POSTROUTING -o lan -d 198.18.2.{n} -j MASQUERADE\n" for n in (1, 2)]
    made = draft(saved(nat=WEB + to_servers[0]))
    assert "virtual" not in hops(made)[0], "only the way to one of two servers"
    in_lan = WEB.replace("198.18.2.", "198.18.1.1")
    for lines in (WEB + "".join(to_servers), f"{in_lan}-A POSTROUTING -o lan -j MASQUERADE"):
        assert "virtual" in hops(draft(saved(nat=lines)))[0]
    made = draft(saved(nat="-A POSTROUTING -j MASQUERADE"), ipvsadm_txt=IPVS.replace("-m", "-g"))
    assert [hop["kind"] for hop in hops(made)] == ["cone"]
    assert "virtual" not in hops(made)[0], "servers get what is for the virtual service"
    # Published ports of containers: their own flows are translated, and these come from elsewhere.
    made = draft(saved(nat=SSH + "\n-A POSTROUTING -s 198.18.2.0/24 ! -o docker0 -j MASQUERADE"))
    (cone,) = hops(made)
    assert (cone["kind"], "virtual" in cone, made.services) == ("cone", False, ())
    assert [why for _, why in whys(made)] == [
        "it is for fewer flows than counted here: ! -o docker0",
        "a virtual service beside what is translated or captured: a chain of its own",
    ]


def test_a_node_of_a_cluster() -> None:
    """Many virtual services beside a cone, and a rule for what a mark was set on."""
    lines = [":MARKED - [0:0]", "-A POSTROUTING -j MARKED", "-A MARKED -m mark ! --mark 0x4000 -j RETURN"]
    lines += ["-A MARKED -j MASQUERADE", "-A POSTROUTING -s 198.18.64.0/18 ! -d 198.18.64.0/18 -j MASQUERADE"]
    for n in range(9):
        lines += [f"-A PREROUTING -d 198.18.9.{n}/32 -p tcp --dport 80 -j SVC{n}", f":SVC{n} - [0:0]"]
        lines += [f"-A SVC{n} -p tcp -j DNAT --to-destination 198.18.64.{n}:8080"]
    made = draft(saved(nat="\n".join(lines)))
    (cone,) = hops(made)
    assert (cone["kind"], "virtual" in cone) == ("cone", False)
    beside = "a virtual service beside what is translated or captured: a chain of its own"
    assert [remark.why for remark in made.remarks] == [
        "it is for fewer flows than counted here: not those of iptables.txt:9"
        " (-A MARKED -m mark ! --mark 0x4000 -j RETURN)",
        "it is for fewer flows than counted here: ! -d 198.18.64.0/18",
        *[beside] * 9,
    ]
    assert values(made.clients) == {"addresses": ["198.18.1.0/24", "198.18.64.0/18"]}


NOWHERE = "its virtual service stands nowhere before it, or it has no address and port"


def test_ipvs() -> None:
    made = draft(ipvsadm_txt=IPVS)
    virtual = {"addresses": "198.18.0.7", "ports": 80}
    assert hops(made) == [{"name": "balancer", "kind": "hourglass", "layer": 4, "virtual": virtual}]
    assert [values(each) for each in made.services] == [
        {"addresses": "198.18.2.1", "ports": 8080},
        {"addresses": "198.18.2.2", "ports": 8081},
    ]
    assert whys(made) == [("ipvsadm.txt:5", "reached in another way than the first server")]
    both = "-A -t 198.18.0.7:80\n-a -t 198.18.0.7:80 -r 198.18.2.1:80 -m\n"
    made = draft(
        ipvsadm_txt=both + both.replace("198.18.0.7", "[2001:db8::7]").replace("198.18.2.1", "[2001:db8::9]")
    )
    assert hops(made)[0]["virtual"]["addresses"] == "198.18.0.7"
    assert whys(made) == [("ipvsadm.txt:3", "another virtual service: a chain of its own")]
    odd = """
-A -t [2001:db8::7]:443 -s rr
-a -t [2001:db8::7]:443 -r [2001:db8:2::1]:443 -g -w 1
-A -u 198.18.0.7:53 -s rr
-A -f 5 -s rr
-a -f 5 -r 198.18.2.1:0 -g -w 1
-A -t 198.18.0.8:0 -s rr
-A -t 198.18.0.9:80 -s rr
-a -t 198.18.0.9:80 -r 198.18.2.1 -m -w 1
"""
    made = draft(ipvsadm_txt=odd)
    assert hops(made) == [{"name": "balancer", "kind": "hourglass", "layer": 4}]
    assert [values(each) for each in made.services] == [{"addresses": "2001:db8::7", "ports": 443}]
    assert whys(made) == [
        ("ipvsadm.txt:5", "a virtual service by mark: its addresses and ports stand where the mark is set"),
        ("ipvsadm.txt:7", "no address and port, or for all ports"),
        ("ipvsadm.txt:9", f"not understood: {NOWHERE}"),
        ("ipvsadm.txt:4", "UDP: a chain of its own"),
        ("ipvsadm.txt:8", "no real server takes new connections"),
    ]
