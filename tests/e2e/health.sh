#!/bin/bash
# Health checks against real servers: nginx that answers well, badly, with a lie, a redirect, too slowly, with a gigabyte,
# and with certificates that end soon or have ended; a server that hangs, one that sends a byte a second, a port that
# nobody listens on. Each has to give the right level and reason, in bounded time and memory. Then the sidecar: what it
# tells when a check's level changes, and that it stops while a server hangs.
#
# usage: REVERTD=PATH health.sh
# Exit code: 0 only if everything was observed; 77 where nginx, openssl, jq, curl or perl is missing.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
: "${REVERTD:?REVERTD=PATH of the program}"
for tool in nginx openssl jq curl perl awk; do
  command -v $tool >/dev/null || { echo "SKIPPED: health checks against real servers: $tool is not installed" >&2; exit 77; }
done
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(realpath "$(mktemp -d "${TMPDIR:-/tmp}/revertd-health.XXXXXX")")
chmod 711 "$folder"  # nginx, started by root, works as another user
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT

# shellcheck source=tests/e2e/observe.sh
source "$root/tests/e2e/observe.sh"
# between WHAT LOW HIGH FOUND
between() {
  (($2 <= $4 && $4 <= $3)) || fail "$1: $2 to $3 wanted, $4 found"
  echo "ok  $1: $4"
}

# --- servers ------------------------------------------------------------------------------------------------------------

port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
plain=127.0.0.1:$port valid=127.0.0.1:$((port + 1)) ending=127.0.0.1:$((port + 2)) expired=127.0.0.1:$((port + 3))
hanging=127.0.0.1:$((port + 4)) dripping=127.0.0.1:$((port + 5)) closed=127.0.0.1:$((port + 6)) api=127.0.0.1:$((port + 7))

# certificate NAME DAYS: for 127.0.0.1, signed by itself. `req -x509` makes none that has ended already; `x509` does.
certificate() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=127.0.0.1 -keyout "$folder/$1.key" \
    -out "$folder/$1.csr" 2>/dev/null
  openssl x509 -req -in "$folder/$1.csr" -signkey "$folder/$1.key" -days "$2" -out "$folder/$1.pem" \
    -extfile <(echo subjectAltName=IP:127.0.0.1) 2>"$folder/openssl.log" || fail "openssl makes a certificate"
}
certificate valid 90
certificate ending 5
certificate expired -1

mkdir "$folder/www"
truncate -s 1G "$folder/www/huge"
printf '{"status":"ok","padding":"%0400d"}' 0 >"$folder/www/slow"
tls() {
  echo "server { listen $1 ssl; ssl_certificate $folder/$2.pem; ssl_certificate_key $folder/$2.key;
           location / { return 200 '{\"status\":\"ok\"}'; } }"
}
cat >"$folder/nginx.conf" <<CONF
daemon off;
pid $folder/nginx.pid;
error_log $folder/nginx.log;
worker_processes 1;
events {}
http {
  access_log off;
  default_type application/json;
  client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;
  root $folder/www;
  server {
    listen $plain;
    location = /good { return 200 '{"status":"ok","queue":{"length":7}}'; }
    location = /lying { return 200 '{"status":"error","message":"no database"}'; }
    location = /down { return 503 '{"message":"no database"}'; }
    location = /moved { return 301 http://$plain/followed; }
    location = /loop { return 302 http://$plain/loop; }
    location = /followed { access_log $folder/followed; return 200 '{"status":"ok"}'; }
    location = /slow { limit_rate 200; }
    location = /huge { }
    location = /switch { if (-f $folder/broken) { return 503; } return 200 '{"status":"ok"}'; }
    location = /api/v1/query {
      return 200 '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"17.5"]}]}}';
    }
  }
  $(tls "$valid" valid)
  $(tls "$ending" ending)
  $(tls "$expired" expired)
}
CONF
nginx -c "$folder/nginx.conf" 2>"$folder/start.log" &
# One connection after the other, each by a child: the first port's is held and never answered, the second's is answered
# a byte a second.
perl -MIO::Socket::INET -e '
  $SIG{CHLD} = "IGNORE";
  my $answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}";
  my @listeners = map { IO::Socket::INET->new(LocalAddr => $_, Listen => 64, ReuseAddr => 1) or die "$_: $!" } @ARGV;
  my $drips = fork // die;
  my $listener = $listeners[$drips ? 0 : 1];
  $SIG{TERM} = sub { kill "TERM", $drips if $drips; exit };
  while (my $connection = $listener->accept) {
    next if $drips && push @held, $connection;
    next if fork;
    $connection->autoflush(1);
    for my $byte (split //, $answer) { print $connection $byte or exit; sleep 1; }
    exit;
  }' "$hanging" "$dripping" 2>"$folder/perl.log" &
listens() { (exec 3<>"/dev/tcp/${1/://}") 2>/dev/null; }
for server in "$plain" "$valid" "$ending" "$expired" "$hanging" "$dripping"; do
  wait_for "a server listens on $server" listens "$server"
done

# --- every kind of answer -----------------------------------------------------------------------------------------------

# checks: a line a check: NAME, what stands in its map, and the level and reason that are wanted.
cat >"$folder/checks" <<CHECKS
good         | url: http://$plain/good, expect: {json: [{pointer: /status, equals: ok}, {pointer: /queue/length, max: 10}]} | ok ok
full         | url: http://$plain/good, expect: {json: [{pointer: /queue/length, max: 5}]} | fatal json_queue_length
lying        | url: http://$plain/lying, expect: {json: [{pointer: /status, equals: ok}]} | fatal json_status
lying-told   | url: http://$plain/lying, level: warn, expect: {json: [{pointer: /status, equals: ok}]} | warn json_status
trusting     | url: http://$plain/lying | ok ok
down         | url: http://$plain/down | fatal status_503
moved        | url: http://$plain/moved | fatal status_301
moved-wanted | url: http://$plain/moved, expect: {status: 301, headers: {Location: {equals: http://$plain/followed}}} | ok ok
loop         | url: http://$plain/loop | fatal status_302
slow         | url: http://$plain/slow, timeout: 10s, expect: {latency_max: 500ms} | fatal latency_above_500ms
huge         | url: http://$plain/huge, expect: {body_contains: ok} | fatal body_too_long
huge-unread  | url: http://$plain/huge | ok ok
hangs        | url: http://$hanging/, timeout: 3s | fatal timed_out
drips        | url: http://$dripping/, timeout: 3s | fatal timed_out
closed       | url: http://$closed/ | fatal connection_refused
valid        | url: https://$valid/, ca_file: $folder/valid.pem, expect: {certificate_days: 14} | ok ok
ending       | url: https://$ending/, ca_file: $folder/ending.pem, expect: {certificate_days: 14} | fatal certificate_expires_in_14_days
ending-well  | url: https://$ending/, ca_file: $folder/ending.pem | ok ok
expired      | url: https://$expired/, ca_file: $folder/expired.pem | fatal certificate_expired
stranger     | url: https://$valid/ | fatal certificate_untrusted
plain-as-tls | url: https://$plain/good | fatal tls_failed
no-token     | url: http://$plain/good, token: {file: $folder/none} | unknown token_unreadable
number       | prometheus: {url: "http://$plain", query: up}, max: 20 | ok ok
number-high  | prometheus: {url: "http://$plain", query: up}, max: 10 | fatal value_above_max
number-away  | prometheus: {url: "http://$closed", query: up}, max: 10 | unknown prometheus_connection_refused
CHECKS
{
  printf 'state: %s\nservices:\n  shop:\n    match: {host: shop.test}\n    health:\n      checks:\n' "$folder/state.db"
  awk -F' *[|] *' '{ sub(/ +$/, "", $1); printf "        - {name: %s, %s}\n", $1, $2 }' "$folder/checks"
} >"$folder/revertd.yaml"

health() { timeout 120 "$REVERTD" health --config "$folder/revertd.yaml" "$@"; }

begun=$(date +%s%N)
"$REVERTD" health --json --config "$folder/revertd.yaml" >"$folder/answers" 2>"$folder/health.log" &
# The most that it ever used only grows, so the last look before it ends tells.
peak=0
while now=$(awk '/^VmHWM/ { print $2 }' "/proc/$!/status" 2>/dev/null) && [[ -n $now ]]; do
  peak=$now
  sleep 0.05
done
wait $! || fail "revertd health: exit code $?: $(cat "$folder/health.log")"
took_ms=$((($(date +%s%N) - begun) / 1000000))

while IFS='|' read -r name _ wanted; do
  name=${name%% *}
  equals "$name" "${wanted# }" "$(jq -r "select(.check == \"$name\") | \"\(.level) \(.reason)\"" "$folder/answers")"
done <"$folder/checks"
equals "as many answers as checks" "$(wc -l <"$folder/checks")" "$(wc -l <"$folder/answers")"
took() { jq "select(.check == \"$1\") | .took_ns / 1000000 | floor" "$folder/answers"; }
between "a server that hangs costs its timeout, in ms" 2900 3900 "$(took hangs)"
between "so does one that drips" 2900 3900 "$(took drips)"
between "a slow one costs what it takes" 500 9000 "$(took slow)"
between "a gigabyte is cut off" 0 2900 "$(took huge)"
between "all of them together, in ms" 2900 12000 $took_ms
between "memory at most, in kB" 1000 64000 "$peak"
[[ ! -s $folder/followed ]] || fail "a redirect is an answer; this one was followed: $(cat "$folder/followed")"
echo "ok  no redirect was followed"

# --- the command --------------------------------------------------------------------------------------------------------

status=0
health --fail-on-fatal >"$folder/table" 2>"$folder/health.log" || status=$?
equals "bad news is exit code 1 where it is asked for" 1 $status
equals "the columns are aligned" 1 "$(awk '{ print index($0, $3) }' <(grep -E ' (fatal|warn|ok|unknown) ' "$folder/table") | sort -u | wc -l)"
grep -qE '^shop +down +fatal +status_503 +[0-9.]+ms +status 503 came' "$folder/table" || fail "the table: $(cat "$folder/table")"
on_terminal() { script -qec "$*" /dev/null </dev/null | tr -d '\r'; }
if command -v script >/dev/null; then
  equals "a terminal has a head above it" "service check level reason took detail" \
    "$(on_terminal "'$REVERTD' health --config '$folder/revertd.yaml'" | head -n 1 | tr -s ' ')"
fi

# --- the sidecar --------------------------------------------------------------------------------------------------------

cat >"$folder/sidecar.yaml" <<YAML
services:
  shop:
    match: {host: shop.test}
    health:
      checks:
        - {name: hangs, url: "http://$hanging/", every: 4s, timeout: 3s}
        - {name: switch, url: "http://$plain/switch", every: 1s, timeout: 1s}
http: {listen: "$api"}
guard: {kill_switch: $folder/kill-switch}
state: $folder/sidecar.db
YAML
mkfifo "$folder/log"
"$REVERTD" run --config "$folder/sidecar.yaml" <"$folder/log" >"$folder/events" 2>"$folder/revertd.log" &
sidecar=$!
exec 7>"$folder/log"
told() { jq -r 'select(.event == "health" and .check == "switch") | "\(.level) \(.reason)"' "$folder/events" | paste -sd, -; }
tells() { [[ $(told) == "$1" ]]; }
asked() { curl -fs "http://$api/metrics" | awk -v sample="$1" 'index($0, sample) == 1 { print $NF }'; }
counts() { (($(asked "revertd_health_checks_total{service=\"shop\",check=\"switch\",level=\"$1\"}") >= $2)); }

wait_for "a check's first level is told" tells "ok ok"
wait_for "it is asked again and again" counts ok 3
touch "$folder/broken"
wait_for "another level is told" tells "ok ok,fatal status_503"
wait_for "failures are counted" counts fatal 3
now() { curl -fs "http://$api/v1/health" | jq -r '.health[] | select(.check == "switch") | "\(.level) \(.reason)"'; }
equals "the API tells it" "fatal status_503" "$(now)"
equals "the metrics tell it" "0 1" \
  "$(for level in ok fatal; do asked "revertd_health_check_level{service=\"shop\",check=\"switch\",level=\"$level\"}"; done | paste -sd' ' -)"
in_status() { [[ $("$REVERTD" status --config "$folder/sidecar.yaml" | jq -r '.health[] | select(.check == "switch") | .level') == "$1" ]]; }
wait_for "revertd status tells it" in_status fatal
if command -v script >/dev/null; then
  on_terminal "'$REVERTD' status --config '$folder/sidecar.yaml'" | grep -qE '^health shop switch +fatal since [0-9T:.Z-]+ \(status_503\)$' ||
    fail "revertd status has a line for the check"
  echo "ok  revertd status has a line for the check"
fi
rm "$folder/broken"
wait_for "recovery is told" tells "ok ok,fatal status_503,ok ok"
echo "ok  each level is told once: $(told)"
equals "a server that hangs held nobody up" 0 "$(asked 'revertd_health_checks_missed_total{service="shop",check="switch"}')"

stopped=$(date +%s%N)
kill -TERM $sidecar
wait $sidecar || fail "the sidecar ends well"
between "it stops while a server hangs, in ms" 0 5000 $((($(date +%s%N) - stopped) / 1000000))
exec 7>&-
echo "DONE"
