# The slow obvious witness: "host second class requests" of a log of make_log, for gawk, -v kind=nginx|haproxy|json.
# `second` is of the day: the logs stay within one.
function add(host, second, status, aborted) {
  class = aborted || status == 499 ? "aborted" : substr(status, 1, 1) "xx"
  ++requests[host " " second " " class]
}
kind == "nginx" {
  split($1, address, ":")
  add(address[1], substr($5, 14, 2) * 3600 + substr($5, 17, 2) * 60 + substr($5, 20, 2), $10, 0)
}
kind == "haproxy" {
  # The accept time is logged, a request is counted where it ended.
  split($9, host, "/")
  split($10, times, "/")
  accepted = substr($7, 14, 2) * 3600000 + substr($7, 17, 2) * 60000 + substr($7, 20, 2) * 1000 + substr($7, 23, 3)
  add(host[1], int((accepted + times[5]) / 1000), $11, substr($15, 1, 1) == "C")
}
kind == "json" {
  # Quotes cut it: 4 time, 8 msec, 16 host.
  match($0, /"status":[0-9]+/)
  add($16, substr($4, 12, 2) * 3600 + substr($4, 15, 2) * 60 + substr($4, 18, 2), substr($0, RSTART + 9, 3), 0)
}
END { for (key in requests) print key, requests[key] }
