# Medians and bars of the runs: `round name wall_seconds cpu_seconds peak_bytes` a line, then `- name value` for what
# was measured once. A ratio is of medians; lines of a slice are scaled by -v share (slice lines / all lines).
function median(name, kind,    i, j, n, sorted, swap) {
  n = count[name]
  for (i = 1; i <= n; ++i) sorted[i] = value[name, kind, i]
  for (i = 2; i <= n; ++i)
    for (j = i; j > 1 && sorted[j] < sorted[j - 1]; --j) {
      swap = sorted[j]
      sorted[j] = sorted[j - 1]
      sorted[j - 1] = swap
    }
  return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}
function row(what, figure, must, aim, more) {
  verdict = more ? (figure >= aim ? "aim" : figure >= must ? "must" : "MISS") \
                 : (figure <= aim ? "aim" : figure <= must ? "must" : "MISS")
  if (verdict == "MISS") ++missed
  printf "%-62s %9.3g %9.4g %9.4g  %s\n", what, figure, must, aim, verdict
}
# The speed of `ours` in speeds of `theirs`.
function speed(what, ours, theirs, must, aim, scale, kind) {
  if (!(ours in count) || !(theirs in count)) { print what ": NOT MEASURED"; return }
  row(what, median(theirs, kind) / scale / median(ours, kind), must, aim, 1)
}
function cost(what, name, must, aim) {
  if (!(name in once)) { print what ": NOT MEASURED"; return }
  row(what, once[name], must, aim, 0)
}
$1 == "-" && $2 ~ /SealSecond.*watched:1000/ { fleet_second = $2 }
$1 == "-" { once[$2] = $3; next }
{ n = ++count[$2]; value[$2, "wall", n] = $3; value[$2, "cpu", n] = $4; value[$2, "rss", n] = $5 }
END {
  printf "%-62s %9s %9s %9s\n", "", "measured", "must", "aim"
  if ("revertd_nginx" in count) {
    speed("nginx file, speed in wc -l", "revertd_nginx", "wc_nginx", 0.50, 0.75, 1, "cpu")
    speed("nginx file, AVX2 forced, speed in wc -l", "revertd_nginx_avx2", "wc_nginx", 0.45, 0.65, 1, "cpu")
    speed("nginx file, portable forced, speed in wc -l", "revertd_nginx_portable", "wc_nginx", 0.25, 0.35, 1, "cpu")
    speed("cat f | revertd, speed in cat f | wc -l, wall time", "revertd_pipe", "wc_pipe", 0.85, 0.98, 1, "wall")
    speed("times faster than ripgrep -c", "revertd_nginx", "rg", 2.2, 3.3, 1, "cpu")
    speed("times faster than grep -c", "revertd_nginx", "grep", 4.5, 6.5, 1, "cpu")
    speed("times faster than mawk, counts a second and class", "revertd_nginx", "mawk", 7, 10, 1, "cpu")
    speed("times faster than mtail, a line (on a slice)", "revertd_nginx", "mtail", 100, 160, share, "cpu")
    speed("times faster than goaccess, a line (on a slice)", "revertd_nginx", "goaccess", 130, 220, share, "cpu")
    row("peak memory of the nginx replay, MiB", median("revertd_nginx", "rss") / 1048576, 32, 12, 0)
    cost("instructions a line, nginx, AVX2 forced", "instructions_per_line", 900, 500)
  }
  if ("revertd_haproxy" in count)
    speed("HAProxy file, speed in wc -l", "revertd_haproxy", "wc_haproxy", 0.35, 0.55, 1, "cpu")
  if ("revertd_json" in count) {
    speed("JSON file, speed in simdjson iterate_many", "revertd_json", "simdjson", 1.0, 1.8, 1, "cpu")
    speed("the same, SSE2 kernel, in simdjson's scalar fallback", "revertd_json_portable", "simdjson_fallback", 0.9, 1.8, 1, "cpu")
  }
  cost("histogram record, ns in ns of an array increment", "histogram_ratio", 6, 4)
  cost("service lookup, ns in ns of absl::flat_hash_map", "lookup_ratio", 0.5, 0.2)
  cost("unix datagram receive CPU in CPU of a recvmmsg loop", "datagram_unix_cpu_ratio", 1.3, 1.1)
  cost("UDP datagram receive CPU in CPU of a recvmmsg loop", "datagram_udp_cpu_ratio", 1.3, 1.1)
  cost("write() to counter visible, idle, p50 in a read() loop's", "idle_p50_ratio", 2, 1.2)
  cost("write() to counter visible, idle, p99 in a read() loop's", "idle_p99_ratio", 2, 1.2)
  cost("CPU at 600k single-line writes/s in a read() loop's", "busy_cpu_ratio", 0.4, 0.2)
  cost("the same: write() to counter visible, p99, us", "busy_p99_us", 2000, 300)
  cost("deciding line to durable trigger, idle, p99, ms", "trigger_idle_p99_ms", 20, 20)
  cost("the same beside 600k lines/s, p99, ms", "trigger_busy_p99_ms", 250, 250)
  cost("a signal-second with 1,000 services under watch, ns", fleet_second, 1000, 1000)
  for (name in count) {
    printf "  %-24s CPU %.4f s, wall %.4f s\n", name, median(name, "cpu"), median(name, "wall") | "sort"
  }
  close("sort")
  exit missed > 0
}
