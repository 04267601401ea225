"""Words of haproxy.cfg: those that are read, those that hold no tuple, those that are left out and why.

From the manual of version 2.6, with some of older and newer ones; a word that stands nowhere here is worth
a remark.
"""

from __future__ import annotations

from tuplecalc.sources.gathering import EVEN

_SECTIONS = """
global defaults frontend backend listen peers resolvers mailers userlist cache ring program http-errors
fcgi-app log-forward log-profile crt-store traces acme
"""
_READ = """
bind server server-template default-server source use_backend default_backend dispatch mode maxconn ulimit-n
http-reuse setenv presetenv transparent disabled
"""
_NO_TUPLE = """
acl anonkey backlog balance bind-process block busy-polling ca-base capture chroot clitcpka-cnt
clitcpka-idle clitcpka-intvl clitimeout close-spread-time cluster-secret compression contimeout cookie
cpu-map cpu-policy crt-base daemon debug declare default-path description dns-accept-family email-alert
enabled error-log-format errorfile errorfiles errorloc errorloc302 errorloc303 expose-deprecated-directives
expose-experimental-directives external-check filter force-cfg-parser-pause force-persist fullconn gid grace
group guid hard-stop-after hash-balance-factor hash-preserve-affinity hash-type http-after-response
http-check http-drop-request-trailers http-drop-response-trailers http-err-codes http-error http-fail-codes
http-request http-response http-send-name-header id ignore-persist insecure-fork-wanted
insecure-setuid-wanted issuers-chain-path key-base limited-quic load-server-state-from-file localpeer log
log-format log-format-sd log-send-hostname log-steps log-tag lua-load lua-load-per-thread lua-prepend-path
master-worker max-keep-alive-queue max-spread-checks maxcompcpuusage maxcomprate maxpipes maxsslconn
maxsslrate maxzlibmem monitor monitor-net monitor-uri mworker-max-reloads nbthread no-memory-trimming
no-quic node noepoll noevports nogetaddrinfo nokqueue nopoll noreuseport nosplice numa-cpu-mapping option
persist pidfile pp2-never-send-local prealloc-fd profiling profiling.memory profiling.tasks quiet redirect
reqadd reqdel reqidel reqirep reqrep resetenv retries retry-on rspadd rspdel rspidel rspirep rsprep
server-state-base server-state-file server-state-file-name set-dumpable set-var set-var-fmt shm-stats-file
spread-checks srvtcpka-cnt srvtcpka-idle srvtcpka-intvl srvtimeout stats stick stick-table stress-level
strict-limits tcp-check tcp-request tcp-response thread-group thread-groups timeout uid unique-id-format
unique-id-header unix-bind unsetenv user zero-warning
"""

SECTIONS = frozenset(_SECTIONS.split())
READ = frozenset(_READ.split())
NO_TUPLE = frozenset(_NO_TUPLE.split())
NO_TUPLE_FAMILIES = (
    "tune.",
    "ssl-",
    "http-client.",
    "httpclient.",
    "51degrees-",
    "deviceatlas-",
    "wurfl-",
    "h1-",
    "h2-",
    "ocsp-update.",
    "harden.",
    "acme.",
)
"""How words of these families begin."""
LEFT_OUT = {
    "maxconnrate": "it limits new connections a second",
    "maxsessrate": "it limits new sessions a second",
    "rate-limit": "it limits new sessions a second",
    "fd-hard-limit": "it caps what maxconn becomes by itself; write max_files",
    "nbproc": "each process has its own maxconn and its own files; write max_files",
    "use-server": "which server a flow gets is taken as even",
    "use-fcgi-app": "how FastCGI connections are shared is not read",
}
OPTIONS_LEFT_OUT = {
    "maxconn": "it limits connections at once here, and more of them wait: not in the model",
    "weight": EVEN,
    "namespace": "it is in another network namespace, which has tables of its own",
    "socks4": "it is reached through another proxy: write that as the service",
}
"""Options of bind and server lines."""
