#!/bin/sh
# Collects what tuplecalc needs to know of this machine, and prints it as a tar:
#
#   sh collector.sh > box.tar            (as root; names of proxies may follow: sh collector.sh nginx)
#
# It only reads: rules of nftables, iptables and IPVS, addresses and routes, some settings of the kernel,
# who listens, and how many files these may open.  No configuration files, keys, logs or connections.
# The temporary folder is removed at the end.  What is not installed is left out, and listed.

collect() { # FILE COMMAND...: the command's output, if there is any
    file=$1
    shift
    if ! command -v "$1" >/dev/null 2>&1; then
        echo "$*: not installed" >>"$folder/not-collected.txt"
    elif ! "$@" >"$folder/$file" 2>"$folder/.said" </dev/null; then
        echo "$*: $(head -n 1 "$folder/.said")" >>"$folder/not-collected.txt"
    fi
    [ -s "$folder/$file" ] || rm -f "$folder/$file"
}

setting() { # PATH...: as sysctl prints it
    for path in "$@"; do
        [ -r "$path" ] || continue
        name=$(echo "${path#/proc/sys/}" | tr / .)
        value=$(cat "$path" 2>/dev/null) && echo "$name = $value"
    done
}

limits() { # NAME...: the limits of who listens, and of these, in this network namespace
    here=$(readlink /proc/self/ns/net)
    listening=" $(tr , '\n' 2>/dev/null <"$folder/listeners.txt" | sed -n 's/^pid=//p' | tr '\n' ' ')"
    for process in /proc/[0-9]*; do
        pid=${process#/proc/}
        { read -r name <"$process/comm"; } 2>/dev/null || continue
        case " $* " in
        *" $name "*) ;;
        *) case $listening in *" $pid "*) ;; *) continue ;; esac ;;
        esac
        [ "$(readlink "$process/ns/net")" = "$here" ] || continue
        { echo "# $name $pid" && cat "$process/limits"; } >"$folder/limits-$pid.txt" 2>/dev/null
    done
}

main() {
    if [ -t 1 ]; then
        echo "this prints a tar: send it to a file, as in: sh collector.sh > box.tar" >&2
        exit 2
    fi
    [ "$(id -u)" = 0 ] || echo "not root: rules and limits will be missing" >&2
    umask 077
    folder=$(mktemp -d 2>/dev/null) || { folder=${TMPDIR:-/tmp}/tuplecalc.$$ && mkdir "$folder"; } || exit 1
    trap 'rm -rf "$folder"' EXIT
    trap 'exit 1' HUP INT TERM
    PATH=$PATH:/usr/sbin:/sbin
    echo "# not collected" >"$folder/not-collected.txt"

    collect nft.json nft -j list ruleset
    collect iptables-save.txt iptables-save
    collect ip6tables-save.txt ip6tables-save
    if [ -n "$(cat /proc/net/ip_tables_names 2>/dev/null)" ]; then # else it would load the module
        collect iptables-legacy-save.txt iptables-legacy-save
    fi
    if [ -n "$(cat /proc/net/ip6_tables_names 2>/dev/null)" ]; then
        collect ip6tables-legacy-save.txt ip6tables-legacy-save
    fi
    if [ -r /proc/net/ip_vs ]; then # the same
        collect ipvsadm.txt ipvsadm -Sn
    fi
    collect addr.json ip -j addr
    collect rule.json ip -j rule
    collect rule6.json ip -j -6 rule
    collect route.json ip -j -4 route show table all
    collect route6.json ip -j -6 route show table all
    collect listeners.txt ss -tlnp
    collect kernel.txt uname -sr
    collect memory.txt grep MemTotal /proc/meminfo
    setting /proc/sys/net/ipv4/ip_local_port_range \
        /proc/sys/net/ipv4/ip_local_reserved_ports /proc/sys/net/ipv4/ip_forward \
        /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv4/tcp_tw_reuse \
        /proc/sys/net/ipv4/tcp_tw_reuse_delay /proc/sys/net/ipv4/tcp_timestamps \
        /proc/sys/net/ipv4/tcp_max_tw_buckets /proc/sys/fs/nr_open /proc/sys/fs/file-max \
        /proc/sys/net/netfilter/nf_conntrack_* >"$folder/sysctl.txt"
    limits haproxy nginx envoy squid traefik varnishd caddy redsocks "$@"
    rm -f "$folder/.said"
    sed -e 1d -e '/: not installed$/d' -e 's/^/not collected: /' "$folder/not-collected.txt" >&2
    tar -c -f - -C "$folder" .
}

main "$@"
