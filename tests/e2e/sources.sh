#!/bin/bash
# Real nginx and real HAProxy write their access logs at full load into each kind of source, and every request of the
# load generator is accounted for: counted, or under a named drop.
#
# usage: REVERTD=PATH sources.sh [--raise-unix-queue] [SECONDS]   seconds of full load per source, default 3
# --raise-unix-queue: the unix datagram sources a second time with net.unix.max_dgram_qlen at 512; as root, and put back.
# Exit code: 0 only if every request is accounted for; 77 where a balancer or a tool is missing.
#
# "sender" are lines that never left the balancer, as something else than revertd counts them: for nginx a second access
# log in a file less what was received, for HAProxy its own count of dropped logs.
set -euo pipefail
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
queue_raised=512
raise_queue=false
if [[ ${1:-} == --raise-unix-queue ]]; then
  raise_queue=true
  shift
fi
seconds=${1:-3}
: "${REVERTD:?REVERTD=PATH of the program}"
for tool in nginx haproxy hey jq sqlite3 curl; do
  command -v $tool >/dev/null || { echo "NOT TESTED: the sources under real load: $tool is not installed" >&2; exit 77; }
done

folder=$(realpath "$(mktemp -d "${TMPDIR:-/tmp}/revertd-sources.XXXXXX")")
declare -A job=()  # name -> process id
queue_file=/proc/sys/net/unix/max_dgram_qlen
queue_before=''
clean_up() {
  local code=$?
  trap - EXIT INT TERM
  local name
  for name in "${!job[@]}"; do kill -TERM "${job[$name]}" 2>/dev/null || true; done
  wait 2>/dev/null || true
  [[ -z $queue_before ]] || echo "$queue_before" >"$queue_file"
  rm -rf "$folder"
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# What is missing is said last: the end of a log is what is kept of it.
fail() {
  tail -n 5 "$folder"/*/revertd.log "$folder"/*.log 2>/dev/null || true
  [[ ! -f $folder/table ]] || cat "$folder/table"
  echo "NOT OBSERVED: $*"
  exit 1
} >&2

wait_for() {
  local what=$1 end=$((SECONDS + 60))
  shift
  until "$@"; do
    ((SECONDS < end)) || fail "$what"
    sleep 0.1
  done
}

free_port() { echo $((20000 + (RANDOM * 32768 + RANDOM) % 12000)); }
answers() { curl -s -o /dev/null "http://127.0.0.1:$1/"; }

# --- the balancers ----------------------------------------------------------------------------------------------------

user_line=''
((EUID != 0)) || user_line='user root;'

# start_nginx NAME ACCESS_LOG...: one port; answers itself, so that the log is what costs.
start_nginx() {
  local name=$1
  port=$(free_port)
  mkdir -p "$folder/$name"
  cat >"$folder/$name/nginx.conf" <<CONF
$user_line
worker_processes 1;
daemon off;
pid $folder/$name/nginx.pid;
error_log $folder/$name/error.log error;
events { worker_connections 512; }
http {
  client_body_temp_path $folder/$name; proxy_temp_path $folder/$name; fastcgi_temp_path $folder/$name;
  uwsgi_temp_path $folder/$name; scgi_temp_path $folder/$name;
  keepalive_requests 1000000;
  log_format vhost_combined_rt '\$host:\$server_port \$remote_addr - \$remote_user [\$time_local] "\$request" \$status '
                               '\$body_bytes_sent "\$http_referer" "\$http_user_agent" \$request_time';
  server {
    listen 127.0.0.1:$port;
    location = / { access_log off; return 200 "up"; }
    location / { access_log $2 vhost_combined_rt; return 200 "ok"; }
  }
}
CONF
  nginx -p "$folder/$name" -c "$folder/$name/nginx.conf" -e "$folder/$name/error.log" &
  job[$name.nginx]=$!
  wait_for "nginx answers" answers "$port"
}

# start_haproxy NAME LOG_TARGET
start_haproxy() {
  local name=$1
  port=$(free_port)
  metrics_port=$(free_port)
  mkdir -p "$folder/$name"
  cat >"$folder/$name/haproxy.cfg" <<CONF
global
  log $2 local0
  nbthread 1
  maxconn 512
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
frontend load
  bind 127.0.0.1:$port
  log global
  option httplog
  # A connection that the load generator opens and does not need would be a line without a request.
  option dontlognull
  http-request set-log-level silent if { path / }
  http-request return status 200 content-type text/plain string ok
frontend metrics
  bind 127.0.0.1:$metrics_port
  http-request use-service prometheus-exporter
CONF
  haproxy -db -f "$folder/$name/haproxy.cfg" >"$folder/$name/haproxy.log" 2>&1 &
  job[$name.haproxy]=$!
  wait_for "HAProxy answers" answers "$port"
}
haproxy_dropped() {
  curl -s "http://127.0.0.1:$metrics_port/metrics" | awk '/^haproxy_process_dropped_logs_total / { print $2 }'
}

# load NAME REQUESTS: exactly so many, each answered with 200. hey tells of its first million answers only.
hey_answers_max=1000000
load() {
  local left=$2 round answered
  while ((left > 0)); do
    round=$((left < hey_answers_max ? left : hey_answers_max))
    hey -n $round -c 20 "http://127.0.0.1:$port/items/7" >"$folder/$1.hey" 2>&1
    answered=$(awk '$1 == "[200]" { print $2 }' "$folder/$1.hey")
    [[ $answered == "$round" ]] || fail "hey's $round requests are answered (${answered:-none} were)"
    left=$((left - round))
  done
}
# How many requests take about the wanted seconds; a multiple of hey's 20 workers, or it would leave some out.
requests_for() {
  load "$1" 4000
  awk -v s="$2" '$1 == "Requests/sec:" { n = int($2 * s / 20) * 20; print n < 20 ? 20 : n }' "$folder/$1.hey"
}

# --- revertd ----------------------------------------------------------------------------------------------------------

# configure NAME SOURCE
configure() {
  mkdir -p "$folder/$1"
  cat >"$folder/$1/revertd.yaml" <<CONF
sources: [ $2 ]
detect: { lateness: 2s }
guard: { kill_switch: "$folder/kill-switch" }
state: $folder/$1/state/state.db
CONF
}
# With the caller's own stdin: bash gives a job in the background none.
start_revertd() {
  started_ns=$(date +%s%N)
  "$REVERTD" run --config "$folder/$1/revertd.yaml" <&0 >>"$folder/$1/events.ndjson" 2>>"$folder/$1/revertd.log" &
  job[$1.revertd]=$!
  wait_for "revertd runs" is_running "$1"
}
status_of() { "$REVERTD" status --config "$folder/$1/revertd.yaml" 2>/dev/null; }
# What a process that was killed wrote last looks alive for ten seconds: only what was written since the start counts.
is_running() { status_of "$1" | jq -e --argjson since "$started_ns" '.running and .now_ns > $since' >/dev/null; }
counter() { status_of "$1" | jq -r ".counters.$2"; }
kept() { sqlite3 "file:$folder/$1/state/state.db?mode=ro" 'SELECT coalesce(sum(requests), 0) FROM seconds'; }
# What the reader has seen does not change any more, and everything counted is sealed and kept.
settle() {
  local before=-1 now=0 still=0
  for _ in {1..300}; do
    now="$(counter "$1" lines_read) $(kept "$1")"
    if [[ $now == "$before" ]]; then still=$((still + 1)); else still=0; fi
    ((still < 30)) || return 0
    before=$now
    sleep 0.2
  done
  fail "$1 comes to rest"
}
stop_all() {
  local part
  for part in nginx haproxy tail revertd; do
    [[ -n ${job[$1.$part]:-} ]] || continue
    kill -TERM "${job[$1.$part]}" 2>/dev/null || true
    wait "${job[$1.$part]}" 2>/dev/null || true
    unset "job[$1.$part]"
  done
}

table=$folder/table
printf '%-34s %10s %10s %8s %8s %8s %8s\n' source requests counted drops kernel sender missing >"$table"
wrong=0
# row NAME WORDS REQUESTS SENDER: sender are those that the balancer itself says, or shows, it did not send.
row() {
  local name=$1 requests=$3 sender=$4 counted drops kernel missing
  counted=$(kept "$name")
  drops=$(status_of "$name" | jq '.counters | .lines_read - .lines_sampled')
  kernel=$(counter "$name" kernel_drops)
  missing=$((requests - counted - kernel - sender))
  # Lines that a restart read again are drops of the second process and counted by the first: not part of the sum.
  [[ $name == file ]] || missing=$((missing - drops))
  printf '%-34s %10d %10d %8d %8d %8d %8d\n' "$2" "$requests" "$counted" "$drops" "$kernel" "$sender" "$missing" >>"$table"
  ((missing == 0)) || wrong=1
}

# --- each source ------------------------------------------------------------------------------------------------------

run_pipe() {
  configure pipe '{stdin: {}}'
  start_nginx pipe "$folder/pipe/access.log"
  mkfifo "$folder/pipe/fifo"
  tail -n +1 -F "$folder/pipe/access.log" >"$folder/pipe/fifo" 2>/dev/null &
  job[pipe.tail]=$!
  start_revertd pipe <"$folder/pipe/fifo"
  local more
  more=$(requests_for pipe "$seconds")
  load pipe "$more"
  settle pipe
  row pipe "nginx, tail -F into stdin" $((4000 + more)) 0
  stop_all pipe
}

run_file() {
  configure file "{file: {path: $folder/file/access.log}}"
  start_nginx file "$folder/file/access.log"
  start_revertd file
  local more
  more=$(requests_for file "$seconds")
  load file "$more" &
  local loading=$!
  sleep "$(awk -v s="$seconds" 'BEGIN { print s / 4 }')"
  mv "$folder/file/access.log" "$folder/file/access.log.1"
  sleep 0.05
  kill -USR1 "$(cat "$folder/file/nginx.pid")"
  sleep "$(awk -v s="$seconds" 'BEGIN { print s / 4 }')"
  kill -KILL "${job[file.revertd]}"
  wait "${job[file.revertd]}" 2>/dev/null || true
  sleep 1
  start_revertd file
  sleep "$(awk -v s="$seconds" 'BEGIN { print s / 8 }')"
  # As logrotate does with delaycompress: the names move on, then copy and cut.
  mv "$folder/file/access.log.1" "$folder/file/access.log.2"
  cp "$folder/file/access.log" "$folder/file/access.log.1"
  : >"$folder/file/access.log"
  wait "$loading" || fail "the load on the file"
  settle file
  # Lines that nginx wrote between copy and cut are in no file any more; revertd may have read some of them all the same.
  local requests=$((4000 + more)) on_disk counted lost
  on_disk=$(cat "$folder"/file/access.log* | wc -l)
  counted=$(kept file)
  lost=$((requests - counted))
  ((lost >= 0 && lost <= requests - on_disk)) || lost=0
  row file "nginx, file, 2 rotations, 1 kill" "$requests" "$lost"
  stop_all file
}

# run_nginx_syslog NAME WORDS LISTEN SERVER
run_nginx_syslog() {
  configure "$1" "{syslog: {listen: \"$3\"}}"
  start_revertd "$1"
  start_nginx "$1" "syslog:server=$4,nohostname"
  # What nginx could not send it drops without a word: its second log says what it served.
  sed -i "s|location / {|& access_log $folder/$1/served.log vhost_combined_rt;|" "$folder/$1/nginx.conf"
  kill -HUP "${job[$1.nginx]}"
  sleep 0.5
  local more requests received sender=0
  more=$(requests_for "$1" "$seconds")
  load "$1" "$more"
  settle "$1"
  requests=$((4000 + more))
  [[ $(wc -l <"$folder/$1/served.log") == "$requests" ]] || fail "nginx's second log holds every request of $1"
  received=$(counter "$1" datagrams)
  # A unix datagram queue that is full refuses the sender, and neither the kernel nor nginx counts it.
  [[ $3 != unixgram:* ]] || sender=$(($(wc -l <"$folder/$1/served.log") - received))
  row "$1" "$2" "$requests" "$sender"
  stop_all "$1"
}

# run_haproxy NAME WORDS LISTEN TARGET
run_haproxy() {
  configure "$1" "{syslog: {listen: \"$3\"}}"
  start_revertd "$1"
  start_haproxy "$1" "$4"
  local more
  more=$(requests_for "$1" "$seconds")
  load "$1" "$more"
  settle "$1"
  row "$1" "$2" $((4000 + more)) "$(haproxy_dropped)"
  stop_all "$1"
}

run_unix() {
  local queue
  queue=$(<"$queue_file")
  run_nginx_syslog "ngx_unix$queue" "nginx, unix datagrams, queue $queue" \
    "unixgram:$folder/ngx$queue.sock" "unix:$folder/ngx$queue.sock"
  run_haproxy "hap_unix$queue" "HAProxy, unix datagrams, queue $queue" \
    "unixgram:$folder/hap$queue.sock" "unix@$folder/hap$queue.sock"
}

run_pipe
run_file
udp=$(free_port)
run_nginx_syslog ngx_udp "nginx, UDP syslog" "udp:127.0.0.1:$udp" "127.0.0.1:$udp"
udp=$(free_port)
run_haproxy hap_udp "HAProxy, UDP syslog" "udp:127.0.0.1:$udp" "127.0.0.1:$udp"
run_unix
if $raise_queue; then
  queue_before=$(<"$queue_file")
  { echo $queue_raised >"$queue_file"; } 2>/dev/null || fail "net.unix.max_dgram_qlen can be raised"
  run_unix
fi
((wrong == 0)) || fail "every request is accounted for"
cat "$table"
