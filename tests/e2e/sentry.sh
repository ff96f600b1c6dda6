#!/bin/bash
# Real Sentry SDKs against a running sidecar: @sentry/node and Debian's python3-sentry-sdk send exceptions, messages and
# sessions to it, raw requests are sent on, and behind a real nginx a deploy that answers 200 but throws a new exception in
# one request of a hundred is found, and named.
#
# usage: REVERTD=PATH sentry.sh
# Exit code: 0 only if everything was observed; 77 where nginx, hey, jq, curl, sqlite3, node, npm or python3-sentry-sdk
# is missing.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
: "${REVERTD:?REVERTD=PATH of the program}"
skip() { echo "SKIPPED: real Sentry SDKs: $*" >&2; exit 77; }
for tool in nginx hey jq curl sqlite3 node npm; do
  command -v $tool >/dev/null || skip "$tool is not installed"
done
# Debian's own Python: another one on the path does not have its packages.
python=/usr/bin/python3
$python -c 'import sentry_sdk' 2>/dev/null || skip "python3-sentry-sdk is not installed"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
sdk=@sentry/node@10.78.0
modules=$root/build/sentry-node
if [[ ! -d $modules/node_modules/@sentry/node ]]; then
  timeout 300 npm install --prefix "$modules" --no-audit --no-fund --fetch-retries=1 --loglevel=error $sdk >/dev/null 2>&1 ||
    skip "npm cannot install $sdk"
fi
export NODE_PATH=$modules/node_modules
folder=$(realpath "$(mktemp -d "${TMPDIR:-/tmp}/revertd-sentry.XXXXXX")")
chmod 711 "$folder"  # nginx, started by root, works as another user
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT

# shellcheck source=tests/e2e/observe.sh
source "$here/observe.sh"

# --- the sidecar, nginx, a second tracker that requests are sent on to --------------------------------------------------

port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
web=$((port + 1)) old=$((port + 2)) new=$((port + 3)) catalog=$((port + 4)) tracker=$((port + 5))
key=0123456789abcdef0123456789abcdef
url=http://127.0.0.1:$port
dsn() { echo "http://$key@127.0.0.1:$port/$1"; }
printf 'http://feedfacefeedfacefeedfacefeedface@127.0.0.1:%s/77' $tracker >"$folder/tee"
: >"$folder/access.log"
cat >"$folder/revertd.yaml" <<YAML
sources:
  - {file: {path: $folder/access.log, format: nginx_vhost_combined_rt}}
services:
  checkout: {match: {host: checkout.test}}
  catalog: {match: {host: catalog.test}}
sentry:
  projects:
    "1": {service: checkout, key: $key, tee: {file: $folder/tee}}
    "2": {service: catalog, key: $key}
http: {listen: "127.0.0.1:$port"}
guard: {kill_switch: $folder/kill-switch}
detect: {lateness: 1s}
state: $folder/state.db
YAML
nginx_conf() {  # PORT of the shop
  cat >"$folder/nginx.conf" <<CONF
pid $folder/nginx.pid;
error_log $folder/nginx.log;
worker_processes 1;
events {}
http {
  log_format vhost '\$host:\$server_port \$remote_addr - - [\$time_local] "\$request" \$status \$body_bytes_sent '
                   '"\$http_referer" "\$http_user_agent" \$request_time';
  access_log $folder/access.log vhost;
  client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;
  upstream shop { server 127.0.0.1:$1; keepalive 8; }
  upstream catalog { server 127.0.0.1:$catalog; keepalive 8; }
  proxy_http_version 1.1; proxy_set_header Connection "";
  server { listen 127.0.0.1:$web; server_name checkout.test; location / { proxy_pass http://shop; } }
  server { listen 127.0.0.1:$web; server_name catalog.test; location / { proxy_pass http://catalog; } }
}
CONF
}
$python "$here/sentry_tracker.py" $tracker >"$folder/told" 2>"$folder/tracker.log" &
is_ready() { curl -fs "$url/readyz" >/dev/null; }
start() {
  "$REVERTD" run --config "$folder/revertd.yaml" >>"$folder/events" 2>>"$folder/revertd.log" &
  sidecar=$!
  wait_for "the API is ready" is_ready
}
stop() {
  kill -TERM "$sidecar"
  wait "$sidecar" || fail "the sidecar stops"
}
start

# --- what SDKs send arrives ---------------------------------------------------------------------------------------------

good=3f2a91c0d4e5f60718293a4b5c6d7e8f90a1b2c3 bad=91ab34de0f1e2d3c4b5a69788796a5b4c3d2e1f0
shop() { DSN=$(dsn 1) PORT=$1 RELEASE=shop@$2 BROKEN=${4-} node "$here/sentry_shop.cjs" "${3-}"; }
books() { DSN=$(dsn 2) PORT=$catalog RELEASE=catalog@1.0 $python "$here/sentry_catalog.py" "$@"; }
shop 0 $good once >"$folder/once.log" 2>&1 || fail "@sentry/node sends"
books once >>"$folder/once.log" 2>&1 || fail "python3-sentry-sdk sends"
errors_of() { curl -fsS "$url/v1/errors?service=$1" | jq -r '.errors[].type'; }
has_error() { errors_of "$1" | grep -qx "$2"; }
wait_for "@sentry/node's exception is known" has_error checkout Error
echo "ok  @sentry/node's exception is known"
wait_for "python3-sentry-sdk's exception is known" has_error catalog MissingPicture
echo "ok  python3-sentry-sdk's exception is known"
equals "and its release" shop@$good "$(curl -fsS "$url/v1/errors?service=checkout" | jq -r '.errors[0].releases[0]')"
metric() { curl -fsS "$url/metrics" | awk -v name="$1" 'index($0, name) == 1 {sum += $2} END {print sum + 0}'; }
equals "messages below an error are counted, and no evidence" 2 "$(metric revertd_sentry_events_below_evidence_total)"
sessions_arrived() { (($(metric 'revertd_sentry_items_total{item="session"}') >= 2)); }
wait_for "sessions arrive" sessions_arrived
echo "ok  sessions of both arrive"
equals "another's key is refused" 403 "$(curl -sS -o /dev/null -w '%{http_code}' --data-binary '{}' \
  -H 'X-Sentry-Auth: Sentry sentry_key=00000000000000000000000000000000, sentry_version=7' "$url/api/1/store/")"
sent_on() { grep -q 'feedfacefeedfacefeedfacefeedface.*"type":"Error"' "$folder/told"; }
wait_for "the raw request reaches the other tracker, with its own key" sent_on
echo "ok  the raw request reaches the other tracker, with its own key"

# --- a restart ----------------------------------------------------------------------------------------------------------

# A tracker that was listened to for less than an hour says nothing of what is new; here it was for two.
stop
for service in checkout catalog; do
  sqlite3 "$folder/state.db" "INSERT INTO error_blocks VALUES ($(($(date +%s) / 40 * 40 - 7200)), '$service', 7, 1)"
done
start
wait_for "what was known before a restart is known" has_error checkout Error
echo "ok  what was known before a restart is known"

# --- behind nginx: a new exception in one request of a hundred, and no 5xx ----------------------------------------------

nginx_conf $old
shop $old $good >"$folder/old.log" 2>&1 &
books >"$folder/catalog.log" 2>&1 &
serves() { curl -fs -o /dev/null "http://127.0.0.1:$1/"; }
wait_for "the shop serves" serves $old
wait_for "the catalogue serves" serves $catalog
nginx -c "$folder/nginx.conf" -g 'daemon off;' 2>"$folder/nginx-start.log" &
balances() { curl -fs -o /dev/null -H 'Host: checkout.test' "http://127.0.0.1:$web/"; }
wait_for "nginx balances" balances
for host in checkout catalog; do
  hey -z 240s -c 4 -q 60 -host $host.test "http://127.0.0.1:$web/pay" >"$folder/hey-$host.log" 2>&1 &
done
sleep 90  # the history that the deploy is held against: two blocks of it, and real requests take their time

BROKEN=1 shop $new $bad "" 1 >"$folder/new.log" 2>&1 &
wait_for "the new version serves" serves $new
"$REVERTD" deploy start --config "$folder/revertd.yaml" --service checkout --commit $bad --id bad >/dev/null
nginx_conf $new
nginx -c "$folder/nginx.conf" -s reload
sleep 1
"$REVERTD" deploy finish --config "$folder/revertd.yaml" --id bad >/dev/null
deployed=$SECONDS
verdict() { grep '"event":"verdict".*"deploy":"bad"' "$folder/events" | jq -s "$@"; }
is_found() { verdict -e 'map(select(.state == "regressed")) | length > 0' >/dev/null; }
until is_found; do
  ((SECONDS - deployed < 150)) || fail "the deploy is found: $(verdict -c 'map(.state)')"
  sleep 1
done
echo "ok  the deploy is found after $((SECONDS - deployed)) s"
found() { verdict -r "map(select(.state == \"regressed\"))[0] | $1"; }
equals "by its new errors" new_errors "$(found .signals[0].signal)"
equals "the verdict names the new error" TypeError "$(found '.errors[0].type')"
equals "as new" true "$(found '.errors[0].new')"
equals "with its release" shop@$bad "$(found '.errors[0].release')"
equals "and nothing else" 1 "$(found '.errors | length')"
equals "beside a service that did not change" catalog "$(found .signals[0].control)"
fingerprint=$(found '.errors[0].fingerprint')
sample() { curl -fsS "$url/v1/errors/$fingerprint?service=checkout" | jq -r "$1"; }
equals "one event of it is kept" 32 "$(sample '.sample.event_id | length')"
equals "nothing failed" 0 "$(awk '$10 ~ /^5/' "$folder/access.log" | wc -l)"
"$REVERTD" explain --config "$folder/revertd.yaml" bad >"$folder/explained.log" || true
grep -q 'TypeError' "$folder/explained.log" || fail "explain names the error"
echo "ok  explain names the error"
equals "nobody was asked to wait" 0 "$(metric revertd_sentry_queue_refused_total)"

stop
echo "ok  the sidecar stops"
